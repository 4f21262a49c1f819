import { Inject, Injectable, Param, type PipeTransform } from '@nestjs/common';
import { ApiError } from '#contracts';
import { VIEWS, type Views } from '../ports.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NAMED_IN_ERROR = 60;

/**
 * Turns what the path says (an id, a name, the beginning of an id) into the session's id. A whole id passes even when
 * the views do not have it: whether there is such a session, the log decides.
 */
@Injectable()
export class SessionIdPipe implements PipeTransform<string, string> {
  constructor(@Inject(VIEWS) private readonly views: Views) {}

  transform(reference: string): string {
    const resolved = this.views.sessions.resolve(reference);
    if ('found' in resolved) return resolved.found.id;
    if ('ambiguous' in resolved) {
      const candidates = resolved.ambiguous.map(({ id, name }) => ({ id, name }));
      throw new ApiError('id_ambiguous', `Several sessions begin with "${reference}"; give more of the id.`, {
        candidates,
      });
    }
    if (UUID.test(reference)) return reference;
    throw sessionNotFound(reference);
  }
}

/** Parameter: the id of the session in the path. */
export const SessionId = (): ParameterDecorator => Param('id', SessionIdPipe);

export function sessionNotFound(reference: string): ApiError {
  const shown = reference.length > NAMED_IN_ERROR ? `${reference.slice(0, NAMED_IN_ERROR)}…` : reference;
  return new ApiError(
    'session_not_found',
    `There is no session "${shown}"; GET /api/v0/sessions lists those that there are.`,
  );
}
