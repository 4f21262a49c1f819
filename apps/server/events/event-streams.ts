import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { beyondEnd } from '#event-store';
import { DEFAULT_STREAM_LIMITS, DEFAULT_TIMING, type ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Closing } from '../reading/closing.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SEQUENCE_HEADER } from '../reading/own-writes.js';
import { streamEvents } from './event-stream.js';
import { toProblem } from '../problems/to-problem.js';
import { SseWriter, type StreamEnd } from './sse-writer.js';
import { StreamSlots } from './stream-slots.js';

interface StreamRange {
  sessionId?: string;
  after?: number;
}

/** The open streams of this server. */
@Injectable()
export class EventStreams {
  private readonly slots: StreamSlots;

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(Closing) private readonly closing: Closing,
  ) {
    this.slots = new StreamSlots({ ...DEFAULT_STREAM_LIMITS, ...options.streams });
  }

  /** How many clients listen now. */
  get openCount(): number {
    return this.slots.count;
  }

  /**
   * Streams to a client until it leaves or the server stops; without `after`, what happens from now on.
   * @throws ApiError `streams_exceeded`
   */
  async open(reply: FastifyReply, range: StreamRange): Promise<void> {
    const giveBack = this.slots.take(reply.request.ip);
    try {
      await this.stream(reply, range);
    } finally {
      giveBack();
    }
  }

  private async stream(reply: FastifyReply, { sessionId, after }: StreamRange): Promise<void> {
    const { store, signals, timing, log } = this.options;
    const gone = AbortSignal.any([goneSignal(reply), this.closing.signal]);
    const { lastSequence: head } = await store.info();
    if (after !== undefined && after > head) throw beyondEnd(after, head);
    const position = reply.getHeader(SEQUENCE_HEADER);
    reply.hijack();
    if (position !== undefined) reply.raw.setHeader(SEQUENCE_HEADER, position);
    const writer = new SseWriter(reply.raw, { ...DEFAULT_TIMING, ...timing }, gone);
    const signal = AbortSignal.any([gone, writer.stalled]);
    try {
      await streamEvents({ store, signals, writer, sessionId, after: after ?? head, head, signal });
    } catch (error) {
      log.error({ err: error, session: sessionId }, 'an event stream ended by a fault');
      writer.end(endOf(error));
    } finally {
      writer.close();
    }
  }
}

function endOf(error: unknown): StreamEnd {
  const known = toProblem(error);
  // Who has seen more than the log has begins anew: nothing comes behind that event.
  if (known?.code === 'cursor_invalid') return { code: known.code, detail: known.detail };
  const again = 'Connect again with Last-Event-ID to go on behind the last event.';
  if (known === undefined)
    return { code: 'internal', detail: `A fault in Raworc ended the stream. ${again}` };
  return { code: known.code, detail: `${known.detail} ${again}` };
}
