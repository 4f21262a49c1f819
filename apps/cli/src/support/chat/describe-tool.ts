import { cutToWidth } from '../terminal/width.js';
import { describeScreenAction } from './describe-screen.js';
import { textOf, type SessionEvent } from './session-event.js';

const MAX_WIDTH = 120;

type Started = Extract<SessionEvent, { type: 'tool.started' }>['data'];
type Completed = Extract<SessionEvent, { type: 'tool.completed' }>['data'];

/** `→ bash: python3 x.py`, `→ clicks at 640,360` */
export function describeToolCall({ name, input }: Started): string {
  const action = describeScreenAction(name, input);
  if (action !== undefined) return `→ ${oneLine(action)}`;
  const shown = oneLine(describeInput(input));
  return shown === '' ? `→ ${name}` : `→ ${name}: ${shown}`;
}

/** `← ok 120 ms: [1, 2, 3] …`: how it went, and how the result begins; where a tool was cut short, why. */
export function describeToolResult({ is_error, outcome, content, took_ms }: Completed): string {
  const went = is_error ? 'error' : 'ok';
  const ended = outcome === 'completed' || outcome === 'failed';
  const word = ended ? went : outcome.replaceAll('_', ' ');
  const time = ended || took_ms > 0 ? ` ${took_ms} ms` : '';
  // Each text of a result is a paragraph of its own.
  const printed = textOf(content, '\n');
  const text = ended ? oneLine(printed) : lastLine(printed);
  const said = text || (showsPicture(content) ? 'a picture' : '');
  return said === '' ? `← ${word}${time}` : `← ${word}${time}: ${said}`;
}

function showsPicture(content: Completed['content']): boolean {
  return typeof content !== 'string' && content.some(({ type }) => type === 'image');
}

function describeInput(input: unknown): string {
  if (typeof input !== 'object' || input === null) return JSON.stringify(input) ?? '';
  const { command, path, action, restart, ...rest } = input as Record<string, unknown>;
  if (restart === true) return 'restart';
  const words = [action, command, path].filter((word) => typeof word === 'string');
  if (words.length > 0) return words.join(' ');
  return Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
}

/** What was cut short ends with the reason, after what it had printed. */
function lastLine(text: string): string {
  return oneLine(text.trim().split('\n').at(-1) ?? '');
}

function oneLine(text: string): string {
  const [first = '', ...others] = text.trim().split('\n');
  const cut = cutToWidth(first, MAX_WIDTH);
  return cut.length < first.length || others.length > 0 ? `${cut} …` : cut;
}
