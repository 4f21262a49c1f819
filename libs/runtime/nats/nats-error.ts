import { RuntimeError } from '../errors.js';

export type NatsErrorCode =
  | 'nats_server_not_found'
  | 'nats_server_too_old'
  | 'nats_server_failed'
  | 'nats_unreachable'
  | 'nats_jetstream_disabled';

/** nats-server could not be found, started or used. */
export class NatsError extends RuntimeError {
  constructor(
    override readonly code: NatsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
