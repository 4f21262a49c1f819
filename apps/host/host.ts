import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EVENT_STORE, SessionRepository } from '#commands';
import { turnPossible, type EventEnvelope, type EventType, type SessionState } from '#domain';
import type { Delivery, EventStore } from '#event-store';
import { HOST_SETTINGS, LIVE_SESSIONS, type HostSettings, type LiveSessions } from './options.js';
import { SessionWorkers } from './session-workers.js';
import { Turns } from './turns.js';

/** After each of these a session may have work for Host. */
const WAKING: ReadonlySet<EventType> = new Set<EventType>([
  'message.posted',
  'computer.started',
  'turn.completed',
  'turn.failed',
  'turn.interrupted',
  'files.snapshotted',
  'files.snapshot_failed',
]);
/** Name of Host's place on the log. */
export const HOST_CONSUMER = 'host';
const RETRY_MS = 1_000;
/** Sessions that are looked at side by side at the start; what there is to do in them is then begun at once. */
const SWEPT_AT_ONCE = 16;

/** Answers the messages of all sessions: one turn at a time in each, many sessions at once. */
@Injectable()
export class Host implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly workers = new SessionWorkers((sessionId) => this.work(sessionId));
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Turns) private readonly turns: Turns,
    @Inject(LIVE_SESSIONS) private readonly liveSessions: LiveSessions,
    @Inject(HOST_SETTINGS) private readonly settings: HostSettings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.settings.onMeasurable?.(() => this.workers.size);
    const { lastSequence } = await this.store.info();
    // What was before this is looked at by the sweep, so a durable that was never there need not go through it.
    const sweptUpTo = this.liveSessions.position();
    this.running = Promise.all([this.watchInterrupts(lastSequence), this.consume(sweptUpTo), this.sweep()]);
  }

  /** Turns stop where they are; whoever starts next goes on with them from the log. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort(new Error('Host stops.'));
    await this.running;
  }

  /** An event counts as worked on only when the session's worker is done: a crash before brings it again. */
  private consume(startAfter: number): Promise<void> {
    return this.untilStopped(() =>
      this.store.consume({
        durable: HOST_CONSUMER,
        startAfter,
        types: WAKING,
        signal: this.stopping.signal,
        concurrency: this.settings.concurrency,
        handle: (delivery) => this.handle(delivery),
        onUnread: (error, place) =>
          this.settings.logger.warn(
            { err: error, session: place.sessionId, sequence: place.sequence },
            'an event could not be read; it comes again until it can',
          ),
      }),
    );
  }

  private async handle({ event, attempt }: Delivery): Promise<void> {
    try {
      await this.workers.wake(event.subject, true);
    } catch (error) {
      if (!this.stopping.signal.aborted) {
        this.settings.logger.warn(
          { err: error, session: event.subject, attempt },
          'work on a session comes again',
        );
      }
      throw error;
    }
  }

  /** Resolves when all that was found is done. */
  private async sweep(): Promise<void> {
    const ids = [...this.liveSessions.live()];
    const found: Promise<void>[] = [];
    const worker = async () => {
      for (let id = ids.pop(); id !== undefined && !this.stopping.signal.aborted; id = ids.pop()) {
        const sessionId = id;
        if (await this.mayHaveWork(sessionId)) {
          found.push(this.untilStopped(() => this.workers.wake(sessionId, false)));
        }
      }
    };
    await Promise.all(Array.from({ length: SWEPT_AT_ONCE }, worker));
    await Promise.all(found);
  }

  /** True also when it cannot be looked at: its worker then tries again. */
  private async mayHaveWork(sessionId: string): Promise<boolean> {
    try {
      const { turn, pendingMessageIds } = await this.look(sessionId);
      return turn !== null || pendingMessageIds.length > 0;
    } catch {
      return true;
    }
  }

  /** Apart from the workers, which are busy with just the turns that end here. */
  private watchInterrupts(after: number): Promise<void> {
    let seen = after;
    return this.untilStopped(async () => {
      // A log that lost its end counts on from where it ends now.
      seen = Math.min(seen, (await this.store.info()).lastSequence);
      for await (const { sequence, event } of this.store.follow({
        after: seen,
        signal: this.stopping.signal,
      })) {
        this.stopEnded(event);
        seen = sequence;
      }
    });
  }

  private stopEnded(event: EventEnvelope): void {
    switch (event.type) {
      case 'turn.interrupted':
      case 'turn.failed':
        return this.turns.stop(event.subject, event.data.turn_id);
      case 'session.deleted':
      case 'session.erased':
        return this.turns.stop(event.subject);
      default:
        return;
    }
  }

  private async work(sessionId: string): Promise<void> {
    for (;;) {
      this.stopping.signal.throwIfAborted();
      const state = await this.look(sessionId);
      if (state.node !== this.settings.node) return;
      if (state.unreadable !== null) return;
      const [next] = state.pendingMessageIds;
      if (state.turn !== null && state.lifecycle === 'live') {
        await this.recover(sessionId, state.turn.id);
      } else if (next !== undefined && turnPossible(state)) {
        await this.turns.start(sessionId, next, this.stopping.signal);
      } else {
        return;
      }
    }
  }

  private async recover(sessionId: string, turnId: string): Promise<void> {
    await this.turns.resume(sessionId, turnId, this.stopping.signal);
    this.stopping.signal.throwIfAborted();
    const { turn, lifecycle } = await this.look(sessionId);
    if (turn?.id !== turnId || lifecycle !== 'live') return;
    throw new Error(`Turn ${turnId} of session ${sessionId} is worked on elsewhere; look again later.`);
  }

  /** The session's true state: other processes append too. */
  private async look(sessionId: string): Promise<SessionState> {
    return (await this.sessions.current(sessionId)).state;
  }

  private async untilStopped(task: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await task();
      } catch (error) {
        if (signal.aborted) return;
        this.settings.logger.error({ err: error }, `Host goes on in ${RETRY_MS} ms`);
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
