import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CommandOutcome } from '#commands';
import { DEFAULT_TIMING, type ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';

export const SEQUENCE_HEADER = 'Raworc-Sequence';

/** The reply when the views lag: the work is done, and this is what to ask for with `min_sequence`. */
export interface Accepted {
  sequence: number;
  session_id: string;
}

/** Lets a client read what it has written. */
@Injectable()
export class OwnWrites {
  private readonly visibleWithin: number;

  constructor(@Inject(SERVER_OPTIONS) private readonly options: ServerOptions) {
    this.visibleWithin = options.timing?.visibleWithin ?? DEFAULT_TIMING.visibleWithin;
  }

  /** What `read` finds once the views have the outcome; when they lag too far behind, a 202. */
  async reply<T>(
    outcome: CommandOutcome,
    reply: FastifyReply,
    read: () => T | Promise<T>,
  ): Promise<T | Accepted> {
    const { sequence, sessionId, replayed } = outcome;
    reply.header(SEQUENCE_HEADER, sequence);
    if (replayed) reply.header('Idempotency-Replayed', 'true');
    if (await this.options.views.runner.waitFor(sequence, this.visibleWithin)) return read();
    reply.status(202);
    return { sequence, session_id: sessionId };
  }
}
