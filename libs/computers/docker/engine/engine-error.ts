import { ComputerError } from '../../computer.js';
import { field, hasCode } from '../../local/errno.js';

/** True when the engine answered with one of these HTTP status codes. */
export function hasStatus(error: unknown, ...codes: number[]): boolean {
  return codes.includes(Number(field(error, 'statusCode')));
}

/** The engine's own words, without the client's framing. */
export function reasonOf(error: unknown): string {
  const body = field(error, 'json');
  const said = field(body, 'message') ?? field(error, 'message') ?? error;
  return String(said).trim().replace(/\.$/, '');
}

/** A failure of the engine as a sentence for people; a `ComputerError` passes through. */
export function asEngineError(error: unknown): ComputerError {
  if (error instanceof ComputerError) return error;
  const reason = reasonOf(error);
  const options = { cause: error };
  if (
    hasCode(error, 'ECONNREFUSED', 'ENOENT', 'EACCES', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH')
  ) {
    return new ComputerError(
      'driver_unavailable',
      `The Docker engine does not answer (${reason}). Start it, or check DOCKER_HOST and your rights on its socket.`,
      options,
    );
  }
  if (/no such image|pull access denied/i.test(reason)) {
    return new ComputerError('driver_unavailable', missingImage(reason), options);
  }
  if (/no space left/i.test(reason)) {
    return new ComputerError('disk_full', `No space is left for the Docker engine: ${reason}.`, options);
  }
  if (saysNotRunning(reason)) return notRunning(options);
  return new ComputerError('driver_unavailable', `The Docker engine failed: ${reason}.`, options);
}

/** The engine says that the container does not run, or stopped in the very moment. */
export function saysNotRunning(reason: string): boolean {
  return /is not running|container .* is (paused|restarting)|exec in a stopped state/i.test(reason);
}

export function notRunning(options?: ErrorOptions): ComputerError {
  const message = 'The computer of this session does not run. Start it first.';
  return new ComputerError('computer_not_running', message, options);
}

export function missingImage(reason: string): string {
  return `A computer's image is missing: ${reason}. Build the standard ones with: raworc images build`;
}
