import type { Session } from '#contracts';
import { dateTime, duration } from '../terminal/time.js';
import { describeUsage } from './tokens.js';

const WIDTH = 14;

/** A session for people, one fact a line. */
export function describeSession(session: Session): string {
  const facts: [string, string | null][] = [
    ['ID', session.id],
    ['Name', session.name],
    ['State', session.keeping ? `${session.state} (its computer is still being kept)` : session.state],
    ['Error', session.error],
    ['Not kept', session.files_not_kept],
    ['Created', `${dateTime(session.created_at)}, ${duration(Date.now() / 1000 - session.created_at)} ago`],
    ['Model', session.model],
    ['Messages', String(session.message_count)],
    ['Tokens', describeUsage(session.usage).replace(' tokens', '')],
    [session.state === 'closed' ? 'Closed' : 'Closes', closing(session)],
    ['Remixed from', remixedFrom(session)],
    ['Computer', session.container_id],
    ['Desktop', desktop(session)],
    ['Metadata', Object.keys(session.metadata).length === 0 ? null : JSON.stringify(session.metadata)],
  ];
  const known = facts.filter(([, value]) => value !== null);
  return known.map(([label, value]) => `${`${label}:`.padEnd(WIDTH)}${indented(value)}`).join('\n');
}

/** Further lines, such as the output of a setup script, stand below the first. */
function indented(value: string | null): string | undefined {
  return value?.replaceAll('\n', `\n${' '.repeat(WIDTH)}`);
}

function closing({ state, timeout_seconds: timeout, auto_close_at, closed_at }: Session): string | null {
  if (state === 'closed') return closed_at === null ? null : dateTime(closed_at);
  if (timeout === 0) return 'never by itself';
  return auto_close_at === null ? `when idle for ${duration(timeout)}` : dateTime(auto_close_at);
}

function desktop({ desktop, controlled_by, name }: Session): string | null {
  if (!desktop) return null;
  const watch = `raworc session desktop ${name}`;
  return controlled_by === null ? watch : `${watch} (${controlled_by} uses it)`;
}

function remixedFrom({ remixed_from: source }: Session): string | null {
  return source === null ? null : `${source.session_id} at version ${source.version}`;
}
