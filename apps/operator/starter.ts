import type { ComputerInfo } from '#computers';
import { ReportComputerDisrupted, ReportComputerFailed, ReportComputerStarted } from '#commands';
import { LogError } from '#event-store';
import { messageOf, type Logger } from '#runtime';
import { isPermanent, NoLongerWanted, reasonOf } from './computer-failure.js';
import type { ComputerMaker, StartedComputer } from './computer-maker.js';
import type { CurrentSession, CurrentSessions } from './current-sessions.js';
import { ignoringRefusal, OPERATOR, type ExecuteCommand } from './execute.js';
import { isAway, type Outage } from './outage.js';
import { RetrySchedule } from './retry-schedule.js';

export interface StarterParts {
  sessions: CurrentSessions;
  maker: ComputerMaker;
  execute: ExecuteCommand;
  node: string;
  outage: Outage;
  logger: Logger;
  retryDelaysMs: readonly number[];
  /** The next attempt is due. */
  onRetry: (sessionId: string) => void;
}

type Outcome = { started: StartedComputer } | { error: unknown };

/** Starts computers, says so on the log, and tries again when it fails, until it gives up. */
export class Starter {
  private readonly retries: RetrySchedule;
  /** Computers that this process started: their environment is in its memory only. */
  private readonly ours = new Set<string>();
  private readonly starting = new Map<string, AbortController>();
  private readonly cancelAll = new AbortController();

  constructor(private readonly parts: StarterParts) {
    this.retries = new RetrySchedule(parts.retryDelaysMs, parts.onRetry);
  }

  isOurs(sessionId: string): boolean {
    return this.ours.has(sessionId);
  }

  /** The computer was stopped or removed. */
  release(sessionId: string): void {
    this.ours.delete(sessionId);
    this.retries.forget(sessionId);
  }

  isWaitingForRetry(sessionId: string): boolean {
    return this.retries.isWaiting(sessionId);
  }

  /** Somebody asks for the computer anew, so earlier failures do not count. */
  forgetFailures(sessionId: string): void {
    this.retries.forget(sessionId);
  }

  /** One attempt; a failure is reported, not thrown. */
  async start(session: CurrentSession, computer: ComputerInfo | undefined): Promise<void> {
    const startedAt = performance.now();
    const outcome = await this.attempt(session, computer);
    if ('started' in outcome) {
      this.ours.add(session.id);
      this.retries.forget(session.id);
      if (outcome.started.revived) await this.reportRevived(session.id);
      else if (session.state.computerRunning) return;
      await this.reportStarted(session.id, outcome.started, Math.round(performance.now() - startedAt));
    } else if (isAway(outcome.error)) {
      this.parts.outage.notice(outcome.error);
      await this.reportWaiting(session, outcome.error);
    } else if (!(outcome.error instanceof NoLongerWanted)) {
      await this.reportFailed(session.id, outcome.error);
    }
  }

  /** Ends a start in progress, such as a long setup, when the session was closed or deleted meanwhile. */
  async cancelIfUnwanted(sessionId: string): Promise<void> {
    const start = this.starting.get(sessionId);
    if (start === undefined) return;
    const { state } = await this.parts.sessions.load(sessionId);
    if (state.lifecycle !== 'live' || state.status === 'closed') start.abort();
  }

  stopRetrying(): void {
    this.retries.stop();
  }

  cancel(): void {
    this.cancelAll.abort();
  }

  private async attempt(session: CurrentSession, computer: ComputerInfo | undefined): Promise<Outcome> {
    const cancel = new AbortController();
    this.starting.set(session.id, cancel);
    try {
      const signal = AbortSignal.any([cancel.signal, this.cancelAll.signal]);
      return { started: await this.parts.maker.ensureRunning(session, computer, signal) };
    } catch (error) {
      if (error instanceof LogError) throw error;
      return { error };
    } finally {
      this.starting.delete(session.id);
    }
  }

  /** It ran all the time, but nothing of what ran in it did. */
  private async reportRevived(id: string): Promise<void> {
    const detail = 'The computer did not answer any more, so all that ran in it was ended.';
    const disruption = { reason: 'exited' as const, detail, running: false };
    await ignoringRefusal(this.parts.execute(new ReportComputerDisrupted(id, disruption, OPERATOR)));
  }

  /** Refused when the session was closed meanwhile: then it is stopped again next. */
  private async reportStarted(id: string, { info, origin }: StartedComputer, took_ms: number): Promise<void> {
    const { driver, computerId: computer_id, image = null } = info;
    const started = { driver, node: this.parts.node, image, computer_id, took_ms, origin };
    await ignoringRefusal(this.parts.execute(new ReportComputerStarted(id, started, OPERATOR)));
  }

  /**
   * What makes computers does not answer: no attempt at this one. The session waits, and says for what; the sweep that
   * finds the computers again goes on with it.
   */
  async reportWaiting({ id, state }: CurrentSession, error: unknown): Promise<void> {
    const reason = `${messageOf(error)} The session goes on as soon as it answers.`;
    if (state.error !== null) return;
    const failed = { reason, attempt: this.retries.failures(id) + 1, gave_up: false };
    await ignoringRefusal(this.parts.execute(new ReportComputerFailed(id, failed, OPERATOR)));
  }

  /** Counts as an attempt; the next one is scheduled, or the session gives up. */
  async reportFailed(id: string, error: unknown): Promise<void> {
    const { attempt, last } = this.retries.failed(id);
    const gave_up = last || isPermanent(error);
    const reason = reasonOf(error, 'then restore the session if it is closed');
    this.parts.logger.warn({ session: id, attempt, gave_up, reason }, 'a computer could not be started');
    if (gave_up) this.retries.forget(id);
    else this.retries.scheduleNext(id);
    await ignoringRefusal(
      this.parts.execute(new ReportComputerFailed(id, { reason, attempt, gave_up }, OPERATOR)),
    );
  }
}
