import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '#contracts';
import type { Timing } from '../options.js';
import type { ViewRunner } from '../ports.js';
import { SEQUENCE_HEADER } from '../reading/own-writes.js';

/** Waits for `?min_sequence=`, and says in every reply how far the views are. */
export function createReadPosition(runner: ViewRunner, { visibleWithin }: Timing) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const wanted = (request.query as Record<string, unknown>)['min_sequence'];
    if (wanted !== undefined && request.method === 'GET') await reach(sequenceOf(wanted));
    reply.header(SEQUENCE_HEADER, runner.position());
  };

  async function reach(sequence: number): Promise<void> {
    if (await runner.waitFor(sequence, visibleWithin)) return;
    throw new ApiError(
      'view_unavailable',
      `The views are at sequence ${runner.position()} and did not reach ${sequence} within ${visibleWithin} ms; ask again.`,
    );
  }
}

function sequenceOf(value: unknown): number {
  const sequence = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  if (sequence !== undefined) return sequence;
  throw new ApiError(
    'validation_failed',
    'min_sequence: a sequence of the log, as Raworc-Sequence gives it.',
    {
      errors: [{ path: 'min_sequence', message: 'a whole number' }],
    },
  );
}
