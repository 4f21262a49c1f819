import { HttpException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { ApiError, ERROR_CODES } from '#contracts';
import { DomainError, type DomainErrorCode } from '#domain';
import { ConcurrencyError, LogError, type LogErrorCode } from '#event-store';
import { VaultError } from '#runtime';
import { toProblem } from './to-problem.js';

/** Records by code: the compiler says when one is missing. */
const DOMAIN: Record<DomainErrorCode, true> = {
  session_not_found: true,
  session_exists: true,
  illegal_transition: true,
  turn_over: true,
  turn_not_possible: true,
  step_out_of_order: true,
  snapshot_outdated: true,
  remix_point_not_found: true,
  desktop_missing: true,
  control_taken: true,
  computer_elsewhere: true,
  session_unreadable: true,
};
const LOG: Record<LogErrorCode, true> = {
  log_unavailable: true,
  log_full: true,
  event_too_large: true,
  log_corrupt: true,
  log_incompatible: true,
  cursor_invalid: true,
};

describe('a problem', () => {
  it('has the code, status and words of the error', () => {
    const error = new DomainError('illegal_transition', 'Restore it first.', { from: 'closed', to: 'busy' });
    expect(toProblem(error)).toEqual({
      type: 'urn:raworc:problem:illegal_transition',
      title: 'The session is in the wrong state for this',
      status: 409,
      code: 'illegal_transition',
      detail: 'Restore it first.',
      from: 'closed',
      to: 'busy',
    });
  });

  it('is known for every code of the domain, the log and the vault', () => {
    const codes = [
      ...Object.keys(DOMAIN),
      ...Object.keys(LOG),
      'secrets_erased',
      'secrets_damaged',
      'concurrent_write',
    ];
    expect(codes.filter((code) => !(code in ERROR_CODES))).toEqual([]);
    expect(toProblem(new LogError('log_full', 'Full.'))?.status).toBe(507);
    expect(toProblem(new VaultError('secrets_erased', 'Gone.'))?.status).toBe(410);
    expect(toProblem(new ConcurrencyError('s', 1))?.status).toBe(409);
    expect(toProblem(new ApiError('name_taken', 'Taken.'))?.status).toBe(409);
  });

  it('is none of the user when it is our fault', () => {
    expect(toProblem(new TypeError('x is not a function'))).toBeUndefined();
    expect(toProblem('thrown text')).toBeUndefined();
    expect(toProblem(new HttpException('x', 500))).toBeUndefined();
  });
});
