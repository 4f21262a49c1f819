import { CloseSession } from '#commands';
import type { SessionState } from '#domain';
import { messageOf, type Logger } from '#runtime';
import { lastActivity, type CurrentSession, type CurrentSessions } from './current-sessions.js';
import { OPERATOR, type ExecuteCommand } from './execute.js';
import type { IdleSession } from './ports.js';

/** Whether a session closes by itself when nothing happens: nothing runs, nothing waits, and it has a timeout. */
export function closesByItself(state: SessionState): boolean {
  const idle = state.lifecycle === 'live' && state.status === 'idle';
  const atRest = state.turn === null && state.pendingMessageIds.length === 0;
  return idle && atRest && state.timeoutSeconds > 0;
}

interface Armed {
  /** The version that was looked at; undefined when a view said so. */
  version: number | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Closes sessions that were idle for their timeout. Idle is what the log says, not absence of traffic: when a timer
 * rings, the log is asked again, so a timer may be late to learn but never wrong.
 */
export class IdleTimers {
  private readonly timers = new Map<string, Armed>();
  private stopped = false;

  constructor(
    private readonly sessions: CurrentSessions,
    private readonly execute: ExecuteCommand,
    private readonly logger: Logger,
  ) {}

  async observe(session: CurrentSession): Promise<void> {
    const { id, state } = session;
    if (!closesByItself(state)) return this.disarm(id);
    if (this.timers.get(id)?.version === state.version) return;
    this.arm(id, await this.dueMs(session), state.version);
  }

  /** From a view, which may be behind; what the log armed already stays. */
  observeIdle({ id, last_activity_at, timeout_seconds }: IdleSession): void {
    if (timeout_seconds === 0 || this.timers.has(id)) return;
    this.arm(id, (last_activity_at + timeout_seconds) * 1000, undefined);
  }

  stop(): void {
    this.stopped = true;
    for (const id of [...this.timers.keys()]) this.disarm(id);
  }

  private async dueMs(session: CurrentSession): Promise<number> {
    return (await lastActivity(session, this.sessions)) + session.state.timeoutSeconds * 1000;
  }

  private arm(id: string, dueMs: number, version: number | undefined): void {
    this.disarm(id);
    if (this.stopped) return;
    const timer = setTimeout(() => void this.ring(id), Math.max(0, dueMs - Date.now())).unref();
    this.timers.set(id, { version, timer });
  }

  private disarm(id: string): void {
    clearTimeout(this.timers.get(id)?.timer);
    this.timers.delete(id);
  }

  private async ring(id: string): Promise<void> {
    this.timers.delete(id);
    try {
      await this.closeIfDue(await this.sessions.load(id));
    } catch (error) {
      const failure = { session: id, error: messageOf(error) };
      this.logger.warn(failure, 'closing an idle session failed; the next sweep tries again');
    }
  }

  private async closeIfDue(session: CurrentSession): Promise<void> {
    const { id, state } = session;
    if (!closesByItself(state)) return;
    const dueMs = await this.dueMs(session);
    if (dueMs > Date.now()) return this.arm(id, dueMs, state.version);
    const close = { reason: 'idle_timeout' as const, ifVersion: state.version };
    await this.execute(new CloseSession(id, close, OPERATOR));
  }
}
