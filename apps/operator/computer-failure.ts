import { ComputerError } from '#computers';
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
  const isDiskFull = error instanceof ComputerError && error.code === 'disk_full';
  return isDiskFull ? `${error.message} ${MAKE_ROOM}` : messageOf(error);
}

const MAKE_ROOM =
  'Delete sessions that nobody needs, or make room by other means; then restore the session if it is closed. The files of an open one are kept again after its next turn.';
