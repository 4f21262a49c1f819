import { RuntimeError } from '../errors.js';

export type HomeErrorCode =
  | 'home_not_writable'
  | 'home_unsuitable'
  | 'home_in_use'
  | 'home_damaged'
  | 'master_key_missing'
  | 'master_key_wrong';

/** The folder of this service cannot be used. */
export class HomeError extends RuntimeError {
  constructor(
    override readonly code: HomeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
