import { ComputerError } from '../computer.js';

/** True when `error` is a system error with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String(field(error, 'code')));
}

/** A system error on `path` as a sentence for people; a `ComputerError` passes through. */
export function asComputerError(error: unknown, path: string, doing: string): ComputerError {
  if (error instanceof ComputerError) return error;
  const options = { cause: error };
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) {
    return new ComputerError('file_not_found', `Not found while ${doing} ${path}.`, options);
  }
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) {
    return new ComputerError(
      'disk_full',
      `No space is left while ${doing} ${path}. Free some and try again.`,
      options,
    );
  }
  if (hasCode(error, 'ELOOP')) {
    return new ComputerError(
      'path_outside_computer',
      `A link took the place of a file or folder while ${doing} ${path}. Try again.`,
      options,
    );
  }
  if (hasCode(error, 'EACCES', 'EPERM')) {
    return new ComputerError('file_not_readable', `Permission denied while ${doing} ${path}.`, options);
  }
  if (hasCode(error, 'ENXIO')) {
    return new ComputerError(
      'file_not_readable',
      `${path} is a socket or a device, not a regular file.`,
      options,
    );
  }
  const reason = String(field(error, 'message') ?? error);
  return new ComputerError('file_not_readable', `Failed while ${doing} ${path}: ${reason}.`, options);
}

/** A field of a caught value. Not by `instanceof`: errors may come from another realm than ours. */
export function field(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
