import { existsSync } from 'node:fs';
import { openViewReader } from '#projections/runner';
import { UnreadableQueries } from '#projections/unreadable';

const SHOWN = 10;

/** What the views of a home say of events that cannot be read, and what to do; undefined when there are none. */
export function unreadableIn(viewsFile: string): string | undefined {
  if (!existsSync(viewsFile)) return undefined;
  try {
    const reader = openViewReader(viewsFile);
    try {
      const queries = new UnreadableQueries(reader);
      return describeUnreadable(queries);
    } finally {
      reader.close();
    }
  } catch {
    // A file that is damaged or of another version is rebuilt at the next start, and says nothing until then.
    return undefined;
  }
}

/** The same of views that are open. */
export function describeUnreadable(queries: UnreadableQueries): string | undefined {
  const [events, count] = [queries.list(SHOWN), queries.count()];
  if (count === 0) return undefined;
  const lines = events.map(({ session_id, reason }) => `session ${session_id}: ${reason}`);
  const more = count > events.length ? [`and ${count - events.length} more`] : [];
  const sequences = events.map(({ sequence }) => sequence).join(',');
  return `${[...lines, ...more].join('; ')}. These sessions can be read, but not changed. Upgrade Raworc if it is older than what wrote them; to pass them over, start it with RAWORC_SKIP_EVENTS=${sequences}`;
}
