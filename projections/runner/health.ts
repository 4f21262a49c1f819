import type { Poison } from './poison.js';

/**
 * `catching_up` until the end of the log as it was when following began. `retrying`: the log or the disk failed,
 * it goes on by itself. `halted`: a person has to act.
 */
export type ViewsHealth =
  | { status: 'catching_up' | 'live' | 'stopped'; sequence: number }
  | { status: 'retrying'; sequence: number; reason: string }
  | ({ status: 'halted' } & Poison);

/** Where the views report; pino fits. */
export interface ViewsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
