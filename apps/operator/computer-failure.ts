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

/** The session does not want its computer any more, or the operator stops; nothing failed. */
export class NoLongerWanted extends Error {
  override readonly name = 'NoLongerWanted';
}

/** What the log says of a failure. */
export function reasonOf(error: unknown): string {
  return isDiskFull(error) ? `${messageOf(error)} ${MAKE_ROOM}` : messageOf(error);
}

/** As a driver says it, and as the system does. */
const DISK_FULL: ReadonlySet<unknown> = new Set(['disk_full', 'ENOSPC', 'EDQUOT']);

function isDiskFull(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && DISK_FULL.has(error.code);
}

const MAKE_ROOM =
  'Delete sessions that nobody needs, or make room by other means; then restore the session if it is closed. The files of an open one are kept again after its next turn.';
