import { Body, Controller, HttpCode, Inject, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CloseSession, ForceState, InterruptTurn, RestoreSession, type CommandContext } from '#commands';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { Context } from '../http/command-context.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { idleWait, keptWait, type WaitQuery } from '../reading/wait-query.js';

type Restore = z.infer<typeof contracts.restoreSession>;
type Force = z.infer<typeof contracts.forceState>;

@Controller('api/v0/sessions/:id')
export class SessionVerbsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(SessionReader) private readonly sessions: SessionReader,
  ) {}

  @Post('close')
  @HttpCode(200)
  @Doc({
    summary: 'Close a session: end its computer, keep its files',
    query: keptWait,
    replies: { 200: contracts.session },
    errors: ['concurrent_write', 'wait_timed_out'],
  })
  async close(
    @SessionId() id: string,
    @Query({ schema: keptWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const close = new CloseSession(id, { reason: 'requested' }, context);
    return this.sessions.after(await this.commands.execute(close), reply, wait);
  }

  @Post('restore')
  @HttpCode(200)
  @Doc({
    summary: 'Restore a closed session; a running one stays as it is',
    body: contracts.restoreSession,
    bodyOptional: true,
    query: idleWait,
    replies: { 200: contracts.session },
    errors: ['concurrent_write', 'sessions_exceeded', 'wait_timed_out'],
  })
  async restore(
    @SessionId() id: string,
    @Body({ schema: contracts.restoreSession.prefault({}) }) body: Restore,
    @Query({ schema: idleWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.sessions.after(
      await this.commands.execute(new RestoreSession(id, body, context)),
      reply,
      wait,
    );
  }

  @Post('interrupt')
  @HttpCode(200)
  @Doc({
    summary: 'Interrupt the running turn; the session stays',
    query: idleWait,
    replies: { 200: contracts.session },
    errors: ['concurrent_write', 'wait_timed_out'],
  })
  async interrupt(
    @SessionId() id: string,
    @Query({ schema: idleWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.sessions.after(await this.commands.execute(new InterruptTurn(id, {}, context)), reply, wait);
  }

  /** Recovery is over when the session is idle, so this waits without being asked to. */
  @Put('state')
  @Doc({
    summary: 'Recover: end what is stuck, make sure that the computer runs, and wait for idle',
    body: contracts.forceState,
    query: idleWait,
    replies: { 200: contracts.session },
    errors: ['concurrent_write', 'sessions_exceeded', 'wait_timed_out'],
  })
  async force(
    @SessionId() id: string,
    @Body({ schema: contracts.forceState }) { state }: Force,
    @Query({ schema: idleWait }) { wait = 'idle', timeout }: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const outcome = await this.commands.execute(new ForceState(id, { to: state }, context));
    return this.sessions.after(outcome, reply, { wait, timeout });
  }
}
