import { createLogger, LogFile, type Home, type Logger } from '#runtime';
import type { Role } from './role.js';

const LEVELS: Record<number, string> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const HIDDEN = ['level', 'time', 'msg', 'pid', 'hostname', 'name'];

/** The one-process service logs to its file. A role of several also tells people, on standard output. */
export function roleLogger(home: Home, role: Role, level: string): Logger {
  const options = { name: role === 'all' ? 'raworc' : role, level };
  if (role === 'all') return createLogger({ ...options, file: home.serviceLog });
  return createLogger({ ...options, stream: { write: bothWays(home.serviceLog) } });
}

function bothWays(path: string): (line: string) => void {
  const file = new LogFile(path);
  return (line) => {
    process.stdout.write(`${readable(line)}\n`);
    file.write(line);
  };
}

/** `2026-11-24T09:30:05.123Z INFO  ready url="…"` */
export function readable(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const { time, level, msg } = entry as { time: string; level: number; msg?: string };
  const rest = Object.entries(entry)
    .filter(([field]) => !HIDDEN.includes(field))
    .map(([field, value]) => `${field}=${JSON.stringify(value)}`);
  return [time, (LEVELS[level] ?? String(level)).padEnd(5), msg, ...rest].filter(Boolean).join(' ');
}
