import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CommandContext } from '#commands';
import { ApiError, LIMITS } from '#contracts';

/** Whoever has the token is the one user of this service. */
export const ACTOR = 'user:local';

/** Parameter: who asks, and with which idempotency key. */
export const Context = createParamDecorator((_: unknown, host: ExecutionContext): CommandContext =>
  contextOf(host.switchToHttp().getRequest<FastifyRequest>()),
);

export function contextOf({ method, url, headers, body }: FastifyRequest): CommandContext {
  const key = headers['idempotency-key'];
  if (method !== 'POST' || key === undefined) return { actor: ACTOR };
  if (typeof key !== 'string' || key === '' || key.length > LIMITS.idempotencyKeyLength) {
    throw new ApiError(
      'validation_failed',
      `An Idempotency-Key has 1 to ${LIMITS.idempotencyKeyLength} characters.`,
      { errors: [{ path: 'Idempotency-Key', message: `1 to ${LIMITS.idempotencyKeyLength} characters` }] },
    );
  }
  const path = url.split('?', 1)[0];
  const hash = createHash('sha256')
    .update(`${method} ${path}\n${canonical(body)}`)
    .digest('hex');
  return { actor: ACTOR, idempotency: { key: `${ACTOR}:${key}`, hash } };
}

/** One text for all ways to write the same JSON: keys sorted, no blanks, nothing for no body. */
function canonical(body: unknown): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(body ?? {}, sorted);
}
