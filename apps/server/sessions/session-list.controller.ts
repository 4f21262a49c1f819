import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as contracts from '#contracts';
import { decodeCursor, InvalidCursorError, type SessionFilter } from '#projections/sessions';
import { Doc } from '../docs/doc.js';
import { sendArray } from '../http/json-array.js';
import { PublicAddress } from '../http/public-address.js';
import { VIEWS, type Views } from '../ports.js';
import { goneSignal } from '../reading/gone-signal.js';

type ListQuery = z.infer<typeof contracts.listSessions>;

const METADATA = 'metadata.';

@Controller('api/v0/sessions')
export class SessionListController {
  constructor(
    @Inject(VIEWS) private readonly views: Views,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Get()
  @Doc({
    summary: 'List sessions, newest first',
    query: contracts.listSessions,
    replies: { 200: z.array(contracts.session) },
  })
  async list(
    @Query({ schema: contracts.listSessions }) query: ListQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const filter = filterOf(query);
    requireCursor(query.after);
    const signal = goneSignal(reply);
    if (query.limit === undefined) return sendArray(reply, this.views.sessions.listChunks(filter, signal));
    const page = { ...filter, limit: query.limit };
    const { sessions, next } = await this.views.sessions.list(page, signal);
    if (next !== undefined)
      reply.header('Link', `<${this.address.path(nextPath(request, next))}>; rel="next"`);
    return reply.send(sessions);
  }
}

function filterOf(query: ListQuery): SessionFilter {
  const { state, name, parent, after, created_before, created_after } = query;
  const metadata = Object.entries(query)
    .filter(([key]) => key.startsWith(METADATA))
    .map(([key, value]): [string, string] => [key.slice(METADATA.length), textOf(key, value)]);
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

/** One value for each key: a session has no more. */
function textOf(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  const message = 'given more than once; a session has one value for each key';
  throw new contracts.ApiError('validation_failed', `${key.slice(0, 100)}: ${message}.`, {
    errors: [{ path: key.slice(0, 100), message }],
  });
}

/** Each one is a condition on every session. */
function tooManyFilters(count: number): contracts.ApiError {
  const message = `at most ${contracts.LIMITS.metadataFilters} metadata filters in one request, and these are ${count}`;
  return new contracts.ApiError('validation_failed', `metadata: ${message}.`, {
    errors: [{ path: 'metadata', message }],
  });
}

/** Before a streamed reply has begun. */
function requireCursor(cursor: string | undefined): void {
  if (cursor === undefined) return;
  try {
    decodeCursor(cursor);
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw error;
    throw new contracts.ApiError('validation_failed', error.message, {
      errors: [{ path: 'after', message: error.message }],
    });
  }
}

function nextPath(request: FastifyRequest, cursor: string): string {
  const address = new URL(request.url, 'http://raworc.invalid');
  address.searchParams.set('after', cursor);
  return `${address.pathname}${address.search}`;
}
