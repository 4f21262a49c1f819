import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { CreateSession, DeleteSession, UpdateSession, type CommandContext } from '#commands';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { Context } from '../http/command-context.js';
import { PublicAddress } from '../http/public-address.js';
import { OwnWrites } from '../reading/own-writes.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { idleWait, type WaitQuery } from '../reading/wait-query.js';
import { eraseQuery, type EraseQuery } from './erase-query.js';

@Controller('api/v0/sessions')
export class SessionsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(OwnWrites) private readonly writes: OwnWrites,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {}

  @Post()
  @Doc({
    summary: 'Create a session',
    body: contracts.createSession,
    bodyOptional: true,
    query: idleWait,
    replies: { 201: contracts.session },
    errors: [
      'name_taken',
      'model_key_missing',
      'sessions_exceeded',
      'wait_timed_out',
      'idempotency_key_reused',
    ],
  })
  async create(
    @Body({ schema: contracts.createSession.prefault({}) }) body: contracts.CreateSession,
    @Query({ schema: idleWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const outcome = await this.commands.execute(new CreateSession('', body, context));
    reply.header('Location', this.address.path(`/api/v0/sessions/${outcome.sessionId}`));
    return this.sessions.after(outcome, reply, wait);
  }

  @Get(':id')
  @Doc({ summary: 'Show a session', replies: { 200: contracts.session } })
  show(@SessionId() id: string) {
    return this.sessions.get(id);
  }

  @Patch(':id')
  @Doc({
    summary: 'Change name, metadata, timeout or instructions',
    body: contracts.updateSession,
    replies: { 200: contracts.session },
    errors: ['name_taken', 'concurrent_write'],
  })
  async update(
    @SessionId() id: string,
    @Body({ schema: contracts.updateSession }) changes: contracts.UpdateSession,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.sessions.after(await this.commands.execute(new UpdateSession(id, changes, context)), reply);
  }

  @Put(':id')
  @Doc({
    summary: 'The same as PATCH',
    body: contracts.updateSession,
    replies: { 200: contracts.session },
    errors: ['name_taken', 'concurrent_write'],
  })
  replace(
    @SessionId() id: string,
    @Body({ schema: contracts.updateSession }) changes: contracts.UpdateSession,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.update(id, changes, context, reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @Doc({
    summary: 'Delete a session in any state; with erase, its history and secrets too',
    query: eraseQuery,
    replies: { 204: undefined },
  })
  async delete(
    @SessionId() id: string,
    @Query({ schema: eraseQuery }) { erase }: EraseQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const outcome = await this.commands.execute(new DeleteSession(id, { erase }, context));
    return this.writes.reply(outcome, reply, () => undefined);
  }
}
