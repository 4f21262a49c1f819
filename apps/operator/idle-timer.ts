import { CloseSession } from '#commands';
import type { SessionState } from '#domain';
import type { Logger } from '#runtime';
import { messageOf } from './computer-failure.js';
import type { CurrentSession, CurrentSessions } from './current-sessions.js';
import { OPERATOR, type ExecuteCommand } from './execute.js';
import type { IdleSession } from './ports.js';

/** When an idle session is to be closed, in unix milliseconds; undefined: something runs, waits, or it never closes. */
export function closesAt(state: SessionState, lastActivityMs: number): number | undefined {
  const idle = state.lifecycle === 'live' && state.status === 'idle';
  if (!idle || state.turn !== null || state.pendingMessageIds.length > 0) return undefined;
  return state.timeoutSeconds === 0 ? undefined : lastActivityMs + state.timeoutSeconds * 1000;
}

/**
 * Closes sessions that were idle for their timeout. Idle is what the log says, not absence of traffic: when a timer
 * rings, the log is asked again, so a timer may be late to learn but never wrong.
 */
export class IdleTimers {
  private readonly timers = new Map<string, { dueMs: number; timer: NodeJS.Timeout }>();
  private stopped = false;

  constructor(
    private readonly sessions: CurrentSessions,
    private readonly execute: ExecuteCommand,
    private readonly logger: Logger,
  ) {}

  observe({ id, state, lastActivityMs }: CurrentSession): void {
    this.set(id, closesAt(state, lastActivityMs));
  }

  /** From a view, which may be behind; what an event armed already stays. */
  observeIdle({ id, last_activity_at, timeout_seconds }: IdleSession): void {
    if (timeout_seconds === 0 || this.timers.has(id)) return;
    this.set(id, (last_activity_at + timeout_seconds) * 1000);
  }

  stop(): void {
    this.stopped = true;
    for (const id of [...this.timers.keys()]) this.set(id, undefined);
  }

  private set(id: string, dueMs: number | undefined): void {
    const armed = this.timers.get(id);
    if (armed?.dueMs === dueMs) return;
    clearTimeout(armed?.timer);
    this.timers.delete(id);
    if (dueMs === undefined || this.stopped) return;
    const timer = setTimeout(() => void this.ring(id), Math.max(0, dueMs - Date.now())).unref();
    this.timers.set(id, { dueMs, timer });
  }

  private async ring(id: string): Promise<void> {
    this.timers.delete(id);
    try {
      const session = await this.sessions.load(id);
      const dueMs = closesAt(session.state, session.lastActivityMs);
      if (dueMs === undefined || dueMs > Date.now()) return this.set(id, dueMs);
      const close = { reason: 'idle_timeout' as const, ifVersion: session.state.version };
      await this.execute(new CloseSession(id, close, OPERATOR));
    } catch (error) {
      this.logger.warn(
        { session: id, error: messageOf(error) },
        'closing an idle session failed; the next sweep tries again',
      );
    }
  }
}
