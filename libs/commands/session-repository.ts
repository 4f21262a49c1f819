import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { ApiError } from '#contracts';
import {
  decide,
  DomainError,
  envelop,
  type EventEnvelope,
  type SessionCommand,
  type SessionEvent,
  wellFormed,
  type SessionState,
} from '#domain';
import { ConcurrencyError, LogError, type AppendResult, type EventStore } from '#event-store';
import type { CommandContext, CommandOutcome } from './context.js';
import { LoadedSessions, NO_SESSION, type LoadedSession } from './loaded-sessions.js';
import { requireRoom } from './require-room.js';
import {
  COMPUTER_SHORTAGE,
  CONFLICT_DEADLINE_MS,
  EVENT_STORE,
  IDS,
  type ComputerShortage,
  type Ids,
} from './ports.js';
import { SerialQueues } from './serial-queues.js';
import { openingOf, SessionQuota } from './session-quota.js';

const DEFAULT_CONFLICT_DEADLINE_MS = 10_000;
const LONGEST_BACKOFF_MS = 250;

/**
 * Nobody may win against these for ever. A step of Host holds work that was done and cannot be done again; it ends as
 * accepted, or because its turn is over. An interrupt is a person's last resort.
 */
const URGENT: ReadonlySet<SessionCommand['type']> = new Set<SessionCommand['type']>([
  'interrupt',
  'start-turn',
  'record-response',
  'record-late-response',
  'start-tool',
  'complete-tool',
  'complete-turn',
  'fail-turn',
]);

/** An event decided on, and the source's event when it is a copy. */
export interface DecidedEvent {
  event: SessionEvent;
  causationid?: string;
}

/**
 * Loads sessions, lets the decider decide, appends. The state is cached, so that a command costs one publish. Commands
 * of this process on one session queue; the expected sequence finds out when a writer of another process was quicker,
 * and then the command is decided again.
 */
@Injectable()
export class SessionRepository {
  private readonly sessions: LoadedSessions;
  private readonly queues = new SerialQueues();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(IDS) private readonly ids: Ids,
    @Optional()
    @Inject(CONFLICT_DEADLINE_MS)
    private readonly conflictDeadlineMs: number = DEFAULT_CONFLICT_DEADLINE_MS,
    @Optional()
    @Inject(COMPUTER_SHORTAGE)
    private readonly shortage?: ComputerShortage,
    @Optional()
    @Inject(SessionQuota)
    private readonly quota = new SessionQuota(undefined),
  ) {
    this.sessions = new LoadedSessions(store);
  }

  /** Commands that wait for those before them on the same session. */
  get waitingCommands(): number {
    return this.queues.waiting;
  }

  /** Estimated memory of the sessions kept at hand. */
  get cachedBytes(): number {
    return this.sessions.cachedBytes;
  }

  /** Possibly out of date. */
  load(sessionId: string): Promise<LoadedSession> {
    return this.sessions.load(sessionId);
  }

  /** As the log has it now. */
  current(sessionId: string): Promise<LoadedSession> {
    return this.sessions.current(sessionId);
  }

  /** @throws DomainError, LogError, ApiError `concurrent_write` when others kept winning until the deadline */
  async execute(
    sessionId: string,
    command: SessionCommand,
    context: CommandContext,
  ): Promise<CommandOutcome> {
    return this.decideUntilStored(
      sessionId,
      (state) => decide(state, command),
      context,
      URGENT.has(command.type),
    );
  }

  /** Like `execute`, for a command that leads to more than one decision. */
  async change(
    sessionId: string,
    decideEvents: (state: SessionState) => SessionEvent[],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    return this.decideUntilStored(sessionId, decideEvents, context, false);
  }

  /** The first events of a session whose id was just made, so there is nothing to load. */
  async begin(sessionId: string, decided: DecidedEvent[], context: CommandContext): Promise<CommandOutcome> {
    return this.append(sessionId, NO_SESSION, decided, context);
  }

  private async decideUntilStored(
    sessionId: string,
    decideEvents: (state: SessionState) => SessionEvent[],
    context: CommandContext,
    urgent: boolean,
  ): Promise<CommandOutcome> {
    const deadline = performance.now() + this.conflictDeadlineMs;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.queues.run(sessionId, urgent, () =>
        this.attempt(sessionId, decideEvents, context),
      );
      if (outcome !== undefined) return outcome;
      if (!urgent && performance.now() >= deadline) throw lostRaces(sessionId, attempt);
      await delay(backoff(attempt));
    }
  }

  /** Undefined when the state that the decision was made on is out of date; the state is fresh afterwards. */
  private async attempt(
    sessionId: string,
    decideEvents: (state: SessionState) => SessionEvent[],
    context: CommandContext,
  ): Promise<CommandOutcome | undefined> {
    const session = await this.sessions.load(sessionId);
    const done = context.idempotency && session.commands.find(context.idempotency.key);
    if (done !== undefined) return { sessionId, ...done, state: session.state, events: [], replayed: true };
    try {
      const decided = decideEvents(session.state).map((event) => ({ event }));
      if (decided.length > 0) return await this.append(sessionId, session, decided, context);
      const final = await this.isCurrent(sessionId, session);
      return final ? outcomeOf(sessionId, session, []) : undefined;
    } catch (error) {
      if (error instanceof ConcurrencyError) {
        await this.sessions.current(sessionId);
        return undefined;
      }
      if (error instanceof DomainError) {
        if (await this.isCurrent(sessionId, session)) throw error;
        return undefined;
      }
      if (!(error instanceof ApiError)) this.giveUp(sessionId, error);
      throw error;
    }
  }

  /** What the log did with the events may be unknown. It would keep those behind waiting just as long. */
  private giveUp(sessionId: string, error: unknown): void {
    this.sessions.forget(sessionId);
    if (!(error instanceof LogError) || error.code === 'event_too_large') return;
    const message = `Nothing was written to session ${sessionId}, because the write before this one failed: ${error.message}`;
    this.queues.refuseWaiting(sessionId, new LogError(error.code, message, { cause: error }));
  }

  /**
   * A refusal, or "nothing to do", is final only when it was decided on the session's true state:
   * another process may have appended behind this cache.
   */
  private async isCurrent(sessionId: string, session: LoadedSession): Promise<boolean> {
    return (await this.sessions.current(sessionId)).sequence === session.sequence;
  }

  private async append(
    sessionId: string,
    session: LoadedSession,
    decided: DecidedEvent[],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    await requireRoom(decided, this.shortage);
    const events = this.seal(sessionId, session.version, decided, context);
    const opening = openingOf(session.state, events);
    const write = () => this.write(sessionId, events, session.sequence);
    const { sequence } = await (opening === undefined ? write() : this.quota.admit(opening, write));
    const loaded = this.sessions.advance(sessionId, session, events, sequence);
    return outcomeOf(sessionId, loaded, events);
  }

  private write(sessionId: string, events: EventEnvelope[], expectedSequence: number): Promise<AppendResult> {
    const [first] = events;
    if (first?.type === 'session.erased') return this.store.erase(sessionId, first, expectedSequence);
    return this.store.append(sessionId, events, expectedSequence);
  }

  /** Also what a model or a tool said is well-formed from here on: it is answered and sent again as the log has it. */
  private seal(
    sessionId: string,
    version: number,
    decided: DecidedEvent[],
    context: CommandContext,
  ): EventEnvelope[] {
    const commandid = context.idempotency?.key ?? context.commandId ?? this.ids.uuid();
    const time = this.ids.now().toISOString();
    return decided.map(({ event, causationid = context.causationId }, index) =>
      envelop(sessionId, version + index + 1, wellFormed(event), {
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
}

function outcomeOf(
  sessionId: string,
  { state, version, sequence }: LoadedSession,
  events: EventEnvelope[],
): CommandOutcome {
  return { sessionId, version, sequence, state, events, replayed: false };
}

/** Random, so that writers who met once do not meet again; the first time only the state may have been old. */
function backoff(attempt: number): number {
  return attempt === 1 ? 0 : Math.random() * Math.min(LONGEST_BACKOFF_MS, 2 ** attempt);
}

function lostRaces(sessionId: string, attempts: number): ApiError {
  return new ApiError(
    'concurrent_write',
    `Session ${sessionId} was changed by others each of the ${attempts} times that this command was decided; nothing was changed by it. Send it again.`,
  );
}
