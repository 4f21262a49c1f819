import { types } from 'node:util';

/**
 * A failure of the platform beneath Raworc, worded for the person who can do something about it.
 * `code` is stable and may be tested for; `message` says what happened, with which input, and what to do now.
 */
export class RuntimeError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, …), if it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!types.isNativeError(error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an unknown thrown value says, in one line. */
export function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}
