import { setImmediate } from 'node:timers/promises';
import type { Delivery, EventStore } from '#event-store';
import type { Erasures, SessionRepository, Vault } from '#commands';
import { messageOf } from '#runtime';
import { ComputerMaker } from './computer-maker.js';
import { CopiesInProgress } from './copy-source.js';
import { CurrentSessions } from './current-sessions.js';
import type { ExecuteCommand } from './execute.js';
import { IdleTimers } from './idle-timer.js';
import { OrphanSweep } from './orphan-sweep.js';
import { Outage } from './outage.js';
import { DEFAULT_TIMING, type OperatorOptions, type OperatorTiming } from './ports.js';
import { Reconciler } from './reconciler.js';
import { SnapshotKeeper } from './snapshot-keeper.js';
import { SnapshotRetention } from './snapshot-retention.js';
import { Sweep } from './sweep.js';
import { ASKING, WAKING } from './waking.js';

const CONSUMER_RESTART_MS = 5_000;
/** Name of the operator's place on the log. */
export const OPERATOR_CONSUMER = 'operator';
/** Events held until their session is at rest. Many more than are worked on: a setup may hold its event for minutes. */
const HELD_EVENTS = 4_096;

export interface OperatorParts extends Omit<OperatorOptions, 'timing'> {
  store: EventStore;
  repository: SessionRepository;
  vault: Vault;
  erasures: Erasures;
  execute: ExecuteCommand;
  timing?: Partial<OperatorTiming>;
}

/** Turns events into computers: woken by the log, and by a sweep for what no event tells. */
export class Operator {
  private readonly timing: OperatorTiming;
  private readonly reconciler: Reconciler;
  private readonly idleTimers: IdleTimers;
  private readonly outage: Outage;
  private readonly sweep: Sweep;
  private readonly stopping = new AbortController();
  private sweepTimer: NodeJS.Timeout | undefined;
  private consuming: Promise<void> = Promise.resolve();
  private sweptUpTo = 0;

  constructor(private readonly parts: OperatorParts) {
    const { computers, store, logger, node } = parts;
    const execute: ExecuteCommand = async (command) => {
      await parts.confirm();
      return parts.execute(command);
    };
    this.timing = { ...DEFAULT_TIMING, ...parts.timing };
    this.outage = new Outage(logger, parts.onOutage);
    const sessions = new CurrentSessions(parts.repository, store);
    const copies = new CopiesInProgress();
    const retention = new SnapshotRetention({ ...parts, sessions, copies });
    this.idleTimers = new IdleTimers(sessions, execute, node, logger);
    this.reconciler = new Reconciler({
      ...parts,
      execute,
      sessions,
      outage: this.outage,
      maker: new ComputerMaker({ ...parts, sessions, copies }),
      snapshots: new SnapshotKeeper(computers, sessions, execute, retention),
      retryDelaysMs: this.timing.retryDelaysMs,
      onSettled: (session) => this.idleTimers.observe(session),
    });
    const { reconciler, idleTimers, outage } = this;
    const orphans = new OrphanSweep({ ...parts, orphansAfterMs: this.timing.orphansAfterMs });
    this.sweep = new Sweep({ ...parts, execute, sessions, reconciler, idleTimers, outage, orphans });
  }

  start(): void {
    const { computers, directory, onMeasurable } = this.parts;
    onMeasurable?.(() => this.reconciler.queued);
    // What was before this is looked at by the sweep, so a durable that was never there need not go through it.
    this.sweptUpTo = directory.position();
    computers.watch((id, told) => this.reconciler.disrupted(id, told), this.stopping.signal);
    this.consuming = this.consume();
    void this.sweepAgain();
  }

  /** Takes no new work, finishes what runs within a deadline, leaves the computers as they are. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.sweepTimer);
    this.idleTimers.stop();
    await this.reconciler.stop(this.timing.stopDeadlineMs);
    // What was left in the middle is not acknowledged, and so comes again.
    await Promise.race([this.consuming, setImmediate()]);
  }

  private async consume(): Promise<void> {
    const { signal } = this.stopping;
    try {
      await this.parts.store.consume({
        durable: OPERATOR_CONSUMER,
        startAfter: this.sweptUpTo,
        types: WAKING,
        signal,
        concurrency: HELD_EVENTS,
        handle: (delivery) => this.handle(delivery),
        onFailure: (error, { event, attempt }) => {
          if (this.outage.covers(error)) return;
          const failure = { session: event.subject, event: event.type, attempt, error: messageOf(error) };
          this.parts.logger.warn(failure, 'an event could not be worked on; it comes again');
        },
        onUnread: (error, { sequence, sessionId }) => {
          const failure = { session: sessionId, sequence, error: messageOf(error) };
          this.parts.logger.warn(failure, 'an event could not be read; it comes again until it can');
        },
      });
    } catch (error) {
      if (signal.aborted) return;
      this.parts.logger.error({ error: messageOf(error) }, 'the operator lost the log; it connects again');
      const again = () => {
        this.consuming = this.consume();
      };
      setTimeout(again, CONSUMER_RESTART_MS).unref();
    }
  }

  /** Awaited, so that an event whose work a crash cut off comes again. */
  private async handle({ event, attempt }: Delivery): Promise<void> {
    if (ASKING.has(event.type) && attempt === 1) this.reconciler.forgetFailures(event.subject);
    await this.reconciler.reconcile(event.subject);
    // Whoever erased may have crashed after the tombstone. This event counts as worked on when all of it is gone.
    if (event.type === 'session.erased') await this.parts.erasures.finish(event.subject);
  }

  private async sweepAgain(): Promise<void> {
    await this.sweep.run();
    if (this.stopping.signal.aborted) return;
    const { sweepIntervalMs, awaySweepIntervalMs } = this.timing;
    const waitMs = this.outage.isOn ? Math.min(sweepIntervalMs, awaySweepIntervalMs) : sweepIntervalMs;
    this.sweepTimer = setTimeout(() => void this.sweepAgain(), waitMs).unref();
  }
}
