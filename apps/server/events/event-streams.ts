import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DEFAULT_TIMING, type ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Closing } from '../reading/closing.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SEQUENCE_HEADER } from '../reading/own-writes.js';
import { streamEvents } from './event-stream.js';
import { SseWriter } from './sse-writer.js';

/** The open streams of this server. */
@Injectable()
export class EventStreams {
  private count = 0;

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(Closing) private readonly closing: Closing,
  ) {}

  /** How many clients listen now. */
  get openCount(): number {
    return this.count;
  }

  /** Streams to a client until it leaves or the server stops; without `after`, what happens from now on. */
  async open(
    reply: FastifyReply,
    { sessionId, after }: { sessionId?: string; after?: number },
  ): Promise<void> {
    const { store, signals, timing, log } = this.options;
    const { lastSequence: head } = await store.info();
    const signal = AbortSignal.any([goneSignal(reply), this.closing.signal]);
    const position = reply.getHeader(SEQUENCE_HEADER);
    reply.hijack();
    if (position !== undefined) reply.raw.setHeader(SEQUENCE_HEADER, position);
    const writer = new SseWriter(reply.raw, { ...DEFAULT_TIMING, ...timing }, signal);
    this.count += 1;
    try {
      await streamEvents({ store, signals, writer, sessionId, after: after ?? head, head, signal });
    } catch (error) {
      log.error({ err: error, session: sessionId }, 'an event stream ended by a fault');
    } finally {
      this.count -= 1;
      writer.close();
    }
  }
}
