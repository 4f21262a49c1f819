import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ApiError } from '#contracts';
import {
  decide,
  DomainError,
  envelop,
  evolve,
  initialState,
  type EventEnvelope,
  type SessionCommand,
  type SessionEvent,
  type SessionState,
} from '#domain';
import { ConcurrencyError, type EventStore } from '#event-store';
import type { CommandContext, CommandOutcome } from './context.js';
import { EVENT_STORE, IDS, type Ids } from './ports.js';

export interface LoadedSession {
  state: SessionState;
  /** Sequence of the session's last event; 0 when it has none. */
  sequence: number;
  version: number;
}

const EMPTY: LoadedSession = { state: initialState, sequence: 0, version: 0 };
const CACHED_SESSIONS = 10_000;
const MAX_ATTEMPTS = 5;

/** An event decided on, and the source's event when it is a copy. */
export interface DecidedEvent {
  event: SessionEvent;
  causationid?: string;
}

/**
 * Loads sessions, lets the decider decide, appends. The state is cached, so that a command costs one publish;
 * the expected sequence finds out when another writer was quicker, and then the command is decided again.
 */
@Injectable()
export class SessionRepository {
  private readonly cache = new LRUCache<string, LoadedSession>({ max: CACHED_SESSIONS });

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async load(sessionId: string): Promise<LoadedSession> {
    return this.cache.get(sessionId) ?? this.reload(sessionId);
  }

  /** @throws DomainError, LogError, ApiError `concurrent_write` after five lost races */
  async execute(
    sessionId: string,
    command: SessionCommand,
    context: CommandContext,
  ): Promise<CommandOutcome> {
    return this.change(sessionId, (state) => decide(state, command), context);
  }

  /** The first events of a session whose id was just made, so there is nothing to load. */
  async begin(sessionId: string, decided: DecidedEvent[], context: CommandContext): Promise<CommandOutcome> {
    return this.append(sessionId, EMPTY, decided, context);
  }

  /** Like `execute`, for a command that leads to more than one decision. */
  async change(
    sessionId: string,
    decideEvents: (state: SessionState) => SessionEvent[],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    let session = await this.load(sessionId);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      try {
        const decided = decideEvents(session.state).map((event) => ({ event }));
        const done = decided.length > 0 || (await this.isCurrent(sessionId, session));
        if (done) return await this.append(sessionId, session, decided, context);
      } catch (error) {
        if (!(await this.mayDecideAgain(sessionId, session, error))) throw error;
      }
      session = await this.reload(sessionId);
    }
    throw new ApiError(
      'concurrent_write',
      `Session ${sessionId} was changed by others ${MAX_ATTEMPTS} times while this command was decided; send it again.`,
    );
  }

  private async append(
    sessionId: string,
    session: LoadedSession,
    decided: DecidedEvent[],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    if (decided.length === 0) return { sessionId, ...session, events: [], replayed: false };
    const events = this.seal(sessionId, session.version, decided, context);
    const first = events[0];
    const { sequence } =
      first?.type === 'session.erased'
        ? await this.store.erase(sessionId, first, session.sequence)
        : await this.store.append(sessionId, events, session.sequence);
    const state = events.reduce<SessionState>(evolve, session.state);
    const loaded = { state, sequence, version: state.version };
    this.remember(sessionId, loaded);
    return { sessionId, ...loaded, events, replayed: false };
  }

  private seal(
    sessionId: string,
    version: number,
    decided: DecidedEvent[],
    context: CommandContext,
  ): EventEnvelope[] {
    const commandid = context.idempotency?.key ?? context.commandId ?? this.ids.uuid();
    const time = this.ids.now().toISOString();
    return decided.map(({ event, causationid = context.causationId }, index) =>
      envelop(sessionId, version + index + 1, event, {
        id: this.ids.uuid(),
        time,
        source: '/raworc',
        actor: context.actor,
        commandid,
        correlationid: context.correlationId ?? commandid,
        ...(causationid === undefined ? {} : { causationid }),
        ...(context.idempotency === undefined ? {} : { commandhash: context.idempotency.hash }),
      }),
    );
  }

  private async reload(sessionId: string): Promise<LoadedSession> {
    const history = await this.store.read(sessionId);
    let state = initialState;
    for (const { event } of history) state = { ...evolve(state, event), version: event.sessionversion };
    const loaded: LoadedSession = { state, sequence: history.at(-1)?.sequence ?? 0, version: state.version };
    if (loaded.sequence === 0) return EMPTY;
    this.remember(sessionId, loaded);
    return loaded;
  }

  /** A later append may have finished first; the newer state stays. */
  private remember(sessionId: string, loaded: LoadedSession): void {
    const known = this.cache.get(sessionId);
    if (known === undefined || known.sequence < loaded.sequence) this.cache.set(sessionId, loaded);
  }

  private async mayDecideAgain(sessionId: string, session: LoadedSession, error: unknown): Promise<boolean> {
    if (error instanceof ConcurrencyError) return true;
    if (error instanceof DomainError) return !(await this.isCurrent(sessionId, session));
    this.cache.delete(sessionId);
    return false;
  }

  /**
   * A refusal, or "nothing to do", is final only when it was decided on the session's true state:
   * another process may have appended behind this cache.
   */
  private async isCurrent(sessionId: string, session: LoadedSession): Promise<boolean> {
    const last = await this.store.last(sessionId);
    return (last?.sequence ?? 0) === session.sequence;
  }
}
