import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { sendArray } from '../http/json-array.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { EventStreams } from './event-streams.js';
import { readEvents, readSessionEvents, requireReached } from './read-events.js';
import { streamedEvent } from './streamed-event.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';

type EventsQuery = z.infer<typeof contracts.listEvents>;

const DOC = { query: contracts.listEvents, replies: { 200: z.array(streamedEvent) }, streams: true };

@Controller('api/v0')
export class EventsController {
  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(EventStreams) private readonly streams: EventStreams,
    @Inject(SessionReader) private readonly sessions: SessionReader,
  ) {}

  @Get('sessions/:id/events')
  @Doc({ summary: "A session's events; as a stream from the beginning, or from Last-Event-ID", ...DOC })
  async ofSession(
    @SessionId() id: string,
    @Query({ schema: contracts.listEvents }) { after = 0, limit }: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    this.sessions.get(id);
    if (wantsStream(request)) {
      return this.streams.open(reply, { sessionId: id, after: cursorOf(lastEventId) ?? after });
    }
    const { store } = this.options;
    await requireReached(store, after);
    const page = { after, limit, signal: goneSignal(reply) };
    return sendArray(reply, readSessionEvents(store, id, page));
  }

  @Get('events')
  @Doc({ summary: 'The events of all sessions; as a stream from now on, or from Last-Event-ID', ...DOC })
  async ofAll(
    @Query({ schema: contracts.listEvents }) { after, limit }: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (wantsStream(request)) return this.streams.open(reply, { after: cursorOf(lastEventId) ?? after });
    const { store } = this.options;
    await requireReached(store, after ?? 0);
    const events = readEvents(store, { after: after ?? 0, limit, signal: goneSignal(reply) });
    return sendArray(reply, events);
  }
}

function wantsStream({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/event-stream');
}

/** @throws ApiError `validation_failed` */
function cursorOf(lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  const message = 'the id of the last event received: a whole number';
  throw new contracts.ApiError('validation_failed', `Last-Event-ID: ${message}.`, {
    errors: [{ path: 'Last-Event-ID', message }],
  });
}
