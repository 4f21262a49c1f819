import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as contracts from '#contracts';
import { InvalidCursorError, type SessionFilter } from '#projections/sessions';
import { Doc } from '../docs/doc.js';
import { jsonArray } from '../http/json-array.js';
import { VIEWS, type Views } from '../ports.js';

type ListQuery = z.infer<typeof contracts.listSessions>;

const METADATA = 'metadata.';

@Controller('api/v0/sessions')
export class SessionListController {
  constructor(@Inject(VIEWS) private readonly views: Views) {}

  @Get()
  @Doc({
    summary: 'List sessions, newest first',
    query: contracts.listSessions,
    replies: { 200: z.array(contracts.session) },
  })
  list(
    @Query({ schema: contracts.listSessions }) query: ListQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const filter = filterOf(query);
    requireCursor(query.after, () => this.views.sessions.list({ ...filter, limit: 1 }));
    if (query.limit === undefined) return sendAll(reply, this.views.sessions.listChunks(filter));
    const { sessions, next } = this.views.sessions.list({ ...filter, limit: query.limit });
    if (next !== undefined) reply.header('Link', `<${nextAddress(request, next)}>; rel="next"`);
    return reply.send(sessions);
  }
}

/** Chunk by chunk, as fast as the client reads: the whole list is never in memory. */
function sendAll(reply: FastifyReply, chunks: Iterable<unknown[]>): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .send(Readable.from(jsonArray(chunks), { objectMode: false }));
}

function filterOf(query: ListQuery): SessionFilter {
  const { state, name, parent, after, created_before, created_after } = query;
  const metadata = Object.entries(query)
    .filter(([key]) => key.startsWith(METADATA))
    .map(([key, value]): [string, string] => [key.slice(METADATA.length), String(value)]);
  if (metadata.length > contracts.LIMITS.metadataFilters) throw tooManyFilters(metadata.length);
  return {
    state,
    name,
    parent,
    after,
    createdBefore: created_before,
    createdAfter: created_after,
    metadata: Object.fromEntries(metadata),
  };
}

/** Each one is a condition on every session. */
function tooManyFilters(count: number): contracts.ApiError {
  const message = `at most ${contracts.LIMITS.metadataFilters} metadata filters in one request, and these are ${count}`;
  return new contracts.ApiError('validation_failed', `metadata: ${message}.`, {
    errors: [{ path: 'metadata', message }],
  });
}

function requireCursor(cursor: string | undefined, read: () => unknown): void {
  if (cursor === undefined) return;
  try {
    read();
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw error;
    throw new contracts.ApiError('validation_failed', error.message, {
      errors: [{ path: 'after', message: error.message }],
    });
  }
}

function nextAddress(request: FastifyRequest, cursor: string): string {
  const address = new URL(request.url, 'http://raworc.invalid');
  address.searchParams.set('after', cursor);
  return `${address.pathname}${address.search}`;
}
