import type { ComputerInfo, Computers } from '#computers';
import { RecordRootFilesystem, type Vault } from '#commands';
import { messageOf, type Logger } from '#runtime';
import { Coalescer } from './coalescer.js';
import { NoLongerWanted } from './computer-failure.js';
import type { CurrentSession, CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import type { Told } from './disruption.js';
import { Disruptions } from './disruptions.js';
import { ignoringRefusal, OPERATOR } from './execute.js';
import type { Outage } from './outage.js';
import { belongsHere, nextStep } from './plan.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';
import { Starter, type StarterParts } from './starter.js';

/** Sessions whose work begins at once; more wait. */
const CONCURRENT_SESSIONS = 64;
/** More than a session needs from any state to rest; reaching it means that something undoes every step. */
const MAX_STEPS = 20;

export interface ReconcilerParts extends Omit<StarterParts, 'onRetry'> {
  computers: Computers;
  vault: Vault;
  snapshots: SnapshotKeeper;
  logger: Logger;
  sessions: CurrentSessions;
  outage: Outage;
  /** Told about every session that comes to rest. */
  onSettled: (session: CurrentSession) => Promise<void>;
}

/**
 * Brings each session's computer to what the session's state asks for: looks, does the next step, looks again.
 * What woke it does not matter, so a lost or doubled wake-up does no harm.
 */
export class Reconciler {
  private readonly runs = new Coalescer((id) => this.settle(id), CONCURRENT_SESSIONS);
  private readonly starter: Starter;
  private readonly disruptions: Disruptions;
  private stopping = false;

  constructor(private readonly parts: ReconcilerParts) {
    this.disruptions = new Disruptions(parts.execute, parts.logger);
    this.starter = new Starter({ ...parts, onRetry: (id) => this.wake(id) });
  }

  /** Sessions that are being worked on, or wait for it. */
  get queued(): number {
    return this.runs.size;
  }

  /** Resolves when the session is at rest or waits for another attempt; rejects when it cannot be looked at. */
  async reconcile(sessionId: string): Promise<void> {
    await this.starter.cancelIfUnwanted(sessionId);
    await this.parts.snapshots.cancelIfUnwanted(sessionId);
    await this.runs.run(sessionId);
  }

  /** As `reconcile`, for the sweep, which comes again: what fails is logged. */
  async reconcileQuietly(sessionId: string): Promise<void> {
    if (this.stopping) return;
    try {
      await this.reconcile(sessionId);
    } catch (error) {
      if (error instanceof NoLongerWanted || this.parts.outage.covers(error)) return;
      const failure = { session: sessionId, error: messageOf(error) };
      this.parts.logger.warn(failure, 'reconciling failed; the next sweep tries again');
    }
  }

  /** Reconciles in the background. */
  wake(sessionId: string): void {
    void this.reconcileQuietly(sessionId);
  }

  /** A computer tells of itself. */
  disrupted(sessionId: string, told: Told): void {
    if (this.stopping) return;
    this.disruptions.note(sessionId, told);
    this.wake(sessionId);
  }

  forgetFailures(sessionId: string): void {
    this.starter.forgetFailures(sessionId);
  }

  /** Lets the steps that run end, for so long; then cancels them, and waits as long again. Computers stay as they are. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.starter.stopRetrying();
    const settled = this.runs.settled();
    const cancelled = within(deadlineMs, 'Work in progress', settled).catch(() => {
      this.starter.cancel();
      this.parts.snapshots.cancel();
      return within(deadlineMs, 'Cancelling work in progress', settled);
    });
    await cancelled.catch((error: unknown) => {
      this.parts.logger.warn({ error: messageOf(error) }, 'left in the middle; the next start goes on');
    });
  }

  private async settle(id: string): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step++) {
      if (this.stopping) throw new NoLongerWanted('The operator stops.');
      const session = await this.parts.sessions.load(id);
      if (!(await this.takeStep(session))) return this.parts.onSettled(session);
    }
    throw new Error(`Session ${id} did not come to rest in ${MAX_STEPS} steps.`);
  }

  /** False when there is nothing to do. */
  private async takeStep(session: CurrentSession): Promise<boolean> {
    const { id, state } = session;
    const { computers, outage, node } = this.parts;
    if (!belongsHere(state, node)) return false;
    let computer: ComputerInfo | undefined;
    try {
      computer = await outage.during(() =>
        within(DEADLINES.inspect, 'Looking at the computer', computers.inspect(id)),
      );
    } catch (error) {
      return this.cannotLook(session, error);
    }
    const known = { ours: this.starter.isOurs(id), disrupted: this.disruptions.has(id) };
    const step = nextStep(state, computer && { running: computer.running, ...known });
    if (step !== 'report-disrupted') this.disruptions.forget(id);
    if (step === 'none' || (step === 'start' && this.starter.isWaitingForRetry(id))) return false;
    this.parts.logger.debug({ session: id, step, version: state.version }, 'reconciling');
    if (step === 'report-disrupted') await this.disruptions.report(id, computer);
    if (step === 'start') {
      await this.starter.start(session, computer);
      if (outage.isOn) return false;
      // Whatever came meanwhile is about the computer as it was before.
      this.disruptions.forget(id);
    }
    if (step === 'snapshot') await ignoringRefusal(this.parts.snapshots.keep(session));
    if (step === 'stop') await this.stopComputer(session, computer);
    if (step === 'destroy') {
      await this.end(id, 'Removing the computer', computers.destroy(id), DEADLINES.destroy);
      // Whoever erased it may have been cut off before this; without the key nothing sealed can be read any more.
      if (state.lifecycle === 'erased') await this.parts.vault.destroy(id);
    }
    return step !== 'destroy';
  }

  /** Done again after a crash, it keeps what was not kept before. */
  private async stopComputer(
    { id, state }: CurrentSession,
    computer: ComputerInfo | undefined,
  ): Promise<void> {
    const startedAt = performance.now();
    const { computers, execute } = this.parts;
    if (computer) await this.end(id, 'Stopping the computer', computers.stop(id), DEADLINES.stop);
    if (!state.rootFilesystemDue) return;
    const took_ms = Math.round(performance.now() - startedAt);
    await ignoringRefusal(execute(new RecordRootFilesystem(id, { took_ms }, OPERATOR)));
  }

  /** Somebody waits for a session that starts, and gets to know; others are looked at again later. */
  private async cannotLook(session: CurrentSession, error: unknown): Promise<boolean> {
    const { lifecycle, status } = session.state;
    if (lifecycle !== 'live' || status !== 'init') throw error;
    if (this.parts.outage.covers(error)) {
      await this.starter.reportWaiting(session, error);
      return false;
    }
    if (this.starter.isWaitingForRetry(session.id)) return false;
    await this.starter.reportFailed(session.id, error);
    return true;
  }

  private async end(id: string, doing: string, work: Promise<void>, deadlineMs: number): Promise<void> {
    this.starter.release(id);
    await within(deadlineMs, doing, work);
  }
}
