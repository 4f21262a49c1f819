import { Body, Controller, Inject, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { RemixSession, type CommandContext, type CommandOutcome } from '#commands';
import * as contracts from '#contracts';
import type { EventEnvelope, EventOf } from '#domain';
import { Doc } from '../docs/doc.js';
import { Context } from '../http/command-context.js';
import { PublicAddress } from '../http/public-address.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { idleWait, type WaitQuery } from '../reading/wait-query.js';

@Controller('api/v0/sessions/:id/remix')
export class RemixController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Post()
  @Doc({
    summary: 'Make a new session from this one: its conversation and its files, at a point of its history',
    body: contracts.remixSession,
    bodyOptional: true,
    query: idleWait,
    replies: { 201: contracts.remixedSession },
    errors: [
      'remix_point_not_found',
      'name_taken',
      'model_key_missing',
      'secrets_erased',
      'sessions_exceeded',
      'idempotency_key_reused',
      'wait_timed_out',
    ],
  })
  async remix(
    @SessionId() id: string,
    @Body({ schema: contracts.remixSession.prefault({}) }) body: contracts.RemixSession,
    @Query({ schema: idleWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const outcome = await this.commands.execute(new RemixSession(id, body, context));
    reply.header('Location', this.address.path(`/api/v0/sessions/${outcome.sessionId}`));
    const session = await this.sessions.after(outcome, reply, wait);
    return { ...session, copied: await this.copied(outcome) };
  }

  /** A replayed request appended nothing; what the first one copied is on the log. */
  private async copied({ sessionId, events }: CommandOutcome) {
    const remixed = events.find(isRemixed) ?? (await this.remixedOf(sessionId));
    if (remixed === undefined) return undefined;
    const { messages, files, bytes, secrets } = remixed.data.copied;
    const from = remixed.data.files;
    return {
      messages,
      files,
      bytes,
      secrets,
      from_version: remixed.data.source_version,
      snapshot_id: from?.snapshot_id ?? null,
      files_from_version: from?.at_version ?? null,
      files_fallback: from?.fallback ?? null,
      skipped: from?.skipped ?? [],
      skipped_total: from?.skipped_total ?? 0,
    };
  }

  private async remixedOf(sessionId: string) {
    const { signal } = new AbortController();
    for await (const page of this.options.store.scan({ after: 0, sessionId, signal })) {
      const found = page.map(({ event }) => event).find(isRemixed);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function isRemixed(event: EventEnvelope): event is EventEnvelope & EventOf<'session.remixed'> {
  return event.type === 'session.remixed';
}
