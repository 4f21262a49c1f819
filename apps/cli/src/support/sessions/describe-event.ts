import type { StreamedEvent } from '#contracts';
import { plainText } from '../terminal/plain-text.js';
import { cutToWidth } from '../terminal/width.js';
import { dateTime } from '../terminal/time.js';

const MAX_WIDTH = 100;
/** Long, and of no use to a reader; --json has them. */
const HIDDEN = /(_ids?|digest|system_prompt|tools)$/;

/** `4711  v3  2026-11-24 09:30:05  message.posted  content=Hello` */
export function describeEvent({ sequence, sessionversion, time, type, data }: StreamedEvent): string {
  const place = `${String(sequence).padStart(6)}  ${`v${sessionversion}`.padEnd(5)}`;
  const when = dateTime(Date.parse(time) / 1000);
  return `${place}  ${when}  ${plainText(type).padEnd(21)}  ${describeData(data)}`.trimEnd();
}

function describeData(data: Record<string, unknown>): string {
  const shown = Object.entries(data).filter(([field]) => !HIDDEN.test(field));
  const facts = shown.map(([field, value]) => `${field}=${toText(value)}`);
  const text = facts.join(' ');
  const cut = cutToWidth(text, MAX_WIDTH);
  return cut === text ? text : `${cut}…`;
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return plainText(text).replaceAll('\n', ' ');
}
