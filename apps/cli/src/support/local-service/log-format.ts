import type { Paint } from '../terminal/paint.js';
import { plainJson, plainText } from '../terminal/plain-text.js';

const LEVELS: Record<number, string> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const HIDDEN = ['level', 'time', 'msg', 'pid', 'hostname'];

/** A line of the service's log, JSON as pino writes it, for people. Any other line stays as it is, but for what could take over a terminal. */
export function formatLogLine(line: string, color: Paint): string {
  const entry = parseEntry(line);
  if (entry === undefined) return plainText(line);
  const level = LEVELS[Number(entry.level)] ?? String(entry.level);
  const fields = Object.entries(entry).filter(([field]) => !HIDDEN.includes(field));
  const rest = fields.map(([field, value]) => color.dim(`${field}=${plainJson(value)}`));
  const time = new Date(entry.time as number | string).toISOString();
  const said = typeof entry.msg === 'string' ? plainText(entry.msg) : '';
  return [color.dim(time), paintLevel(level, color), said, ...rest].filter(Boolean).join(' ');
}

export function parseEntry(line: string): Record<string, unknown> | undefined {
  try {
    const entry = JSON.parse(line) as Record<string, unknown> | null;
    const isEntry =
      entry !== null && typeof entry === 'object' && !Number.isNaN(Date.parse(toText(entry.time)));
    return isEntry ? entry : undefined;
  } catch {
    return undefined;
  }
}

function toText(time: unknown): string {
  return typeof time === 'number' ? new Date(time).toISOString() : String(time);
}

function paintLevel(level: string, color: Paint): string {
  const padded = level.padEnd(5);
  if (level === 'ERROR' || level === 'FATAL') return color.red(padded);
  return level === 'WARN' ? color.yellow(padded) : padded;
}
