import { CloseSession, ReleaseControl } from '#commands';
import type { SessionState } from '#domain';
import { messageOf, type Logger } from '#runtime';
import { lastActivity, type CurrentSession, type CurrentSessions } from './current-sessions.js';
import { ignoringRefusal, OPERATOR, type ExecuteCommand } from './execute.js';
import { belongsHere } from './plan.js';
import type { IdleSession } from './ports.js';

/** Whether a session closes by itself when nothing happens: nobody uses it, nothing waits, and it has a timeout. */
export function closesByItself(state: SessionState): boolean {
  const idle = state.lifecycle === 'live' && state.status === 'idle';
  const atRest = state.turn === null && state.control === null && state.pendingMessageIds.length === 0;
  return idle && atRest && state.timeoutSeconds > 0;
}

/**
 * A timer that rings so much too late tells that this process stood still, as on a machine that slept. Nobody could
 * use a session meanwhile, so its time begins again.
 */
const MUCH_TOO_LATE_MS = 10_000;

interface Armed {
  /** The version that was looked at; undefined when a view said so. */
  version: number | undefined;
  timer: NodeJS.Timeout;
}

/** The longest that a timer can wait; when it rings too early, it is armed again. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Ends what nobody uses any more: takes back control whose lease is over, and closes sessions that were idle for
 * their timeout. Idle is what the log says, not absence of traffic: when a timer
 * rings, the log is asked again, so a timer may be late to learn but never wrong.
 */
export class IdleTimers {
  private readonly timers = new Map<string, Armed>();
  private stopped = false;

  constructor(
    private readonly sessions: CurrentSessions,
    private readonly execute: ExecuteCommand,
    private readonly node: string,
    private readonly logger: Logger,
  ) {}

  async observe(session: CurrentSession): Promise<void> {
    const { id, state } = session;
    if (this.timers.get(id)?.version === state.version) return;
    const dueMs = await this.dueMs(session);
    if (dueMs === undefined) this.disarm(id);
    else this.arm(id, dueMs, state.version);
  }

  /** From a view, which may be behind; what the log armed already stays. */
  observeIdle({ id, last_activity_at, timeout_seconds, node }: IdleSession): void {
    if (timeout_seconds === 0 || this.timers.has(id) || !belongsHere({ node }, this.node)) return;
    this.arm(id, (last_activity_at + timeout_seconds) * 1000, undefined);
  }

  stop(): void {
    this.stopped = true;
    for (const id of [...this.timers.keys()]) this.disarm(id);
  }

  /** Undefined when nothing will happen to the session by itself. */
  private async dueMs(session: CurrentSession): Promise<number | undefined> {
    const { lifecycle, control, unreadable } = session.state;
    if (!belongsHere(session.state, this.node)) return undefined;
    // It would be refused: only deleting ends such a session.
    if (unreadable !== null) return undefined;
    if (lifecycle === 'live' && control !== null) return control.until * 1000;
    if (!closesByItself(session.state)) return undefined;
    return (await lastActivity(session, this.sessions)) + session.state.timeoutSeconds * 1000;
  }

  private arm(id: string, dueMs: number, version: number | undefined): void {
    this.disarm(id);
    if (this.stopped) return;
    const waitMs = Math.min(Math.max(0, dueMs - Date.now()), MAX_WAIT_MS);
    const ringsAt = Date.now() + waitMs;
    const timer = setTimeout(() => void this.ring(id, ringsAt), waitMs).unref();
    this.timers.set(id, { version, timer });
  }

  private disarm(id: string): void {
    clearTimeout(this.timers.get(id)?.timer);
    this.timers.delete(id);
  }

  private async ring(id: string, ringsAt: number): Promise<void> {
    this.timers.delete(id);
    const stoodStill = Date.now() - ringsAt > MUCH_TOO_LATE_MS;
    try {
      const session = await this.sessions.load(id);
      if (stoodStill && closesByItself(session.state)) this.beginAgain(session);
      else await this.endIfDue(session);
    } catch (error) {
      const failure = { session: id, error: messageOf(error) };
      this.logger.warn(failure, 'ending what nobody uses failed; the next sweep tries again');
    }
  }

  private beginAgain({ id, state }: CurrentSession): void {
    this.arm(id, Date.now() + state.timeoutSeconds * 1000, state.version);
  }

  private async endIfDue(session: CurrentSession): Promise<void> {
    const { id, state } = session;
    const dueMs = await this.dueMs(session);
    if (dueMs === undefined) return;
    if (dueMs > Date.now()) return this.arm(id, dueMs, state.version);
    if (state.control !== null) {
      const { leaseId, until: ifUntil } = state.control;
      const release = { leaseId, reason: 'expired' as const, ifUntil };
      await ignoringRefusal(this.execute(new ReleaseControl(id, release, OPERATOR)));
      return;
    }
    const close = { reason: 'idle_timeout' as const, ifVersion: state.version };
    await this.execute(new CloseSession(id, close, OPERATOR));
  }
}
