import { ComputerError } from '../../computer.js';
import { type InputAction, type Point, type Region, SCREEN } from '../../desktop.js';

const LIMITS = { scroll: 100, repeat: 100, holdMs: 100_000, characters: 100_000 } as const;
/** Added to what an action takes by itself: the start of the desktop, a busy machine. */
const PATIENCE_MS = 60_000;
const CHARACTER_MS = 40;

/** Fails with `command_refused` for what no hand can do; names of keys are checked where the keyboard is. */
export function checkAction(action: InputAction): void {
  for (const point of pointsOf(action)) checkPoint(point);
  switch (action.do) {
    case 'click':
      return checkAmount('times', action.times, 3);
    case 'scroll':
      return checkAmount('amount', action.amount, LIMITS.scroll);
    case 'key':
      return checkAmount('repeat', action.repeat, LIMITS.repeat);
    case 'hold':
      return checkAmount('ms', action.ms, LIMITS.holdMs);
    case 'type':
      if (action.text.length > LIMITS.characters) {
        throw refused(
          `The text has ${action.text.length} characters; at most ${LIMITS.characters} are typed at once.`,
        );
      }
      return;
    default:
  }
}

/** Corners of a part of the screen, with at least one pixel in it. */
export function checkRegion(region: Region): void {
  const [x0, y0, x1, y1] = region;
  const whole = region.every(Number.isInteger);
  if (whole && x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= SCREEN.width && y1 <= SCREEN.height) return;
  throw refused(
    `The region (${region.join(', ')}) is no part of the screen, which is ${SCREEN.width} x ${SCREEN.height} pixels. ` +
      'Give left, top, right and bottom, in this order.',
  );
}

/** Milliseconds after which an action has failed. */
export function deadlineOf(action: InputAction): number {
  if (action.do === 'type') return PATIENCE_MS + action.text.length * CHARACTER_MS;
  return PATIENCE_MS + (action.do === 'hold' ? action.ms : 0);
}

function pointsOf(action: InputAction): Point[] {
  switch (action.do) {
    case 'move':
      return [action.to];
    case 'drag':
      return [action.from, action.to];
    case 'click':
    case 'scroll':
      return action.at ? [action.at] : [];
    default:
      return [];
  }
}

function checkPoint([x, y]: Point): void {
  const inside = x >= 0 && y >= 0 && x < SCREEN.width && y < SCREEN.height;
  if (inside && Number.isInteger(x) && Number.isInteger(y)) return;
  throw refused(
    `The point (${x}, ${y}) is not on the screen, whose pixels are 0 to ${SCREEN.width - 1} and 0 to ${SCREEN.height - 1}.`,
  );
}

function checkAmount(name: string, amount: number, max: number): void {
  if (Number.isInteger(amount) && amount >= 1 && amount <= max) return;
  throw refused(`"${name}" is ${amount}; it is a whole number from 1 to ${max}.`);
}

function refused(message: string): ComputerError {
  return new ComputerError('command_refused', message);
}
