import { HttpException } from '@nestjs/common';
import { ComputerError, type ComputerErrorCode } from '#computers';
import { ApiError, ERROR_CODES, LIMITS, type ErrorCode, type Problem } from '#contracts';
import { DomainError } from '#domain';
import { ConcurrencyError, LogError } from '#event-store';
import { ViewUnavailableError } from '#projections/runner';
import { VaultError } from '#runtime';

/** The others are failures of the computer. */
const COMPUTER_CODES: Partial<Record<ComputerErrorCode, ErrorCode>> = {
  no_desktop: 'desktop_missing',
  computer_not_running: 'computer_not_running',
  computer_not_found: 'computer_not_running',
};

/** What a user gets to see of a failure, or undefined when it is ours and none of theirs. */
export function toProblem(error: unknown): Problem | undefined {
  if (error instanceof ApiError || error instanceof DomainError) {
    return problem(error.code, error.message, error.details);
  }
  if (error instanceof ConcurrencyError || error instanceof LogError || error instanceof VaultError) {
    return problem(error.code, error.message);
  }
  if (error instanceof ViewUnavailableError) return problem(error.code, error.message);
  if (error instanceof ComputerError) {
    return problem(COMPUTER_CODES[error.code] ?? 'computer_failed', error.message, {
      computer_code: error.code,
    });
  }
  return error instanceof HttpException ? fromHttp(error) : undefined;
}

export function problem(code: ErrorCode, detail: string, details: Record<string, unknown> = {}): Problem {
  const { status, title } = ERROR_CODES[code];
  return { type: `urn:raworc:problem:${code}`, title, status, code, detail, ...details };
}

/** Refusals of Fastify and Nest themselves: what was wrong with the request as HTTP. */
function fromHttp(error: HttpException): Problem | undefined {
  const status = error.getStatus();
  if (status === 413) {
    return problem('body_too_large', `A request body is limited to ${LIMITS.bodyBytes} bytes.`);
  }
  if (status === 404 || status === 414)
    return problem('not_found', 'There is nothing at this address; see /docs.');
  return status < 500 ? problem('malformed_request', `${error.message}.`) : undefined;
}
