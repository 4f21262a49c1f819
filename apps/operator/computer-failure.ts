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
