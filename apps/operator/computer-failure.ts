import { ComputerError, type ComputerErrorCode } from '#computers';
import { messageOf } from '#runtime';

/** A computer that cannot be had. A permanent failure would fail the same way again. */
export class ComputerFailure extends Error {
  override readonly name = 'ComputerFailure';
  constructor(
    message: string,
    readonly permanent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Refusals that the same input meets again, and errors of a program that was given something impossible. */
const REFUSED: ReadonlySet<ComputerErrorCode> = new Set([
  'command_refused',
  'path_outside_computer',
  'no_desktop',
]);

/** Another attempt would fail the same way. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof ComputerFailure) return error.permanent;
  if (error instanceof ComputerError) return REFUSED.has(error.code);
  return error instanceof TypeError || error instanceof RangeError;
}

/** The session does not want its computer any more, or the operator stops; nothing failed. */
export class NoLongerWanted extends Error {
  override readonly name = 'NoLongerWanted';
}

/** What the log says of a failure. A full disk is something that people can help: then also what to do, and what follows. */
export function reasonOf(error: unknown, onceThereIsRoom: string): string {
  const code = codeOf(error);
  if (!DISK_FULL.has(code)) return messageOf(error);
  const said = code === 'disk_full' ? messageOf(error) : `No space is left (${messageOf(error)}).`;
  return `${said} Delete sessions that nobody needs, or make room by other means; ${onceThereIsRoom}.`;
}

/** As a driver says it, and as the system does. */
const DISK_FULL: ReadonlySet<unknown> = new Set(['disk_full', 'ENOSPC', 'EDQUOT']);

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
