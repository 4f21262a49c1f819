import type { LoggerService } from '@nestjs/common';
import type { ServerLog } from '../ports.js';

/** Nest's own complaints go where everything else goes; what it has to tell besides goes nowhere. */
export function nestLog(log: ServerLog): LoggerService {
  return {
    log: () => undefined,
    warn: (message: unknown, ...rest: unknown[]) => log.warn({ from: rest.at(-1) }, String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      log.error({ err: message, from: rest.at(-1) }, String(message)),
    fatal: (message: unknown, ...rest: unknown[]) =>
      log.error({ err: message, from: rest.at(-1) }, String(message)),
  };
}
