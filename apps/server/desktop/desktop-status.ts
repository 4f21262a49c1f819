import type { DesktopStatus } from '#contracts';
import type { SessionView } from '#projections/sessions';
import type { Views } from '../ports.js';

export function statusOf({ id, name, state, desktop, controlled_by }: SessionView): DesktopStatus {
  return { session_id: id, name, state, desktop, controlled_by };
}

/** The status now and whenever it has changed, until the session is deleted or the signal aborts. */
export async function* followStatus(
  views: Views,
  sessionId: string,
  signal: AbortSignal,
): AsyncGenerator<DesktopStatus> {
  let wake = (): void => undefined;
  const stopWatching = views.runner.onApplied(() => wake());
  signal.addEventListener('abort', () => wake());
  try {
    let last: DesktopStatus | undefined;
    while (!signal.aborted) {
      const moved = new Promise<void>((resolve) => (wake = resolve));
      const now = lookUp(views, sessionId, last);
      if (JSON.stringify(now) !== JSON.stringify(last) && now !== undefined) yield now;
      if (now === undefined || now.state === 'deleted') return;
      last = now;
      if (!signal.aborted) await moved;
    }
  } finally {
    stopWatching();
  }
}

function lookUp(
  { sessions }: Views,
  sessionId: string,
  last: DesktopStatus | undefined,
): DesktopStatus | undefined {
  const session = sessions.byId(sessionId);
  if (session !== undefined) return statusOf(session);
  return last && { ...last, state: 'deleted', controlled_by: null };
}
