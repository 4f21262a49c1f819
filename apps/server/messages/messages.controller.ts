import { Body, Controller, Delete, Get, Inject, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ClearMessages, PostMessage, type CommandContext } from '#commands';
import * as contracts from '#contracts';
import { MESSAGE_PAGE } from '#projections/messages';
import { Doc } from '../docs/doc.js';
import { Context } from '../http/command-context.js';
import { sendArray } from '../http/json-array.js';
import { OwnWrites } from '../reading/own-writes.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { replyWait, secondsOf, type WaitQuery } from '../reading/wait-query.js';
import { MessageReader } from './message-reader.js';

type ListQuery = z.infer<typeof contracts.listMessages>;

@Controller('api/v0/sessions/:id/messages')
export class MessagesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(MessageReader) private readonly messages: MessageReader,
    @Inject(OwnWrites) private readonly writes: OwnWrites,
  ) {}

  @Get()
  @Doc({
    summary: 'List the last messages, in the order of time',
    query: contracts.listMessages,
    replies: { 200: z.array(contracts.messageView) },
    errors: ['message_not_found'],
  })
  list(
    @SessionId() id: string,
    @Query({ schema: contracts.listMessages }) { limit, before }: ListQuery,
    @Res() reply: FastifyReply,
  ) {
    if (limit !== undefined && limit <= MESSAGE_PAGE) {
      return reply.send(this.messages.last(id, limit, before));
    }
    return sendArray(reply, this.messages.pages(id, limit, before));
  }

  @Get('count')
  @Doc({ summary: 'Count the messages', replies: { 200: contracts.messageCount } })
  count(@SessionId() id: string) {
    return { count: this.messages.count(id), session_id: id };
  }

  @Post()
  @Doc({
    summary: 'Post a message; a closed session is restored, a busy one answers in order',
    body: contracts.postMessage,
    query: replyWait,
    replies: { 201: contracts.messageView },
    errors: [
      'computer_elsewhere',
      'computer_failed',
      'concurrent_write',
      'event_too_large',
      'idempotency_key_reused',
      'not_answered',
      'sessions_exceeded',
      'wait_timed_out',
    ],
  })
  async post(
    @SessionId() id: string,
    @Body({ schema: contracts.postMessage }) { content, metadata }: contracts.PostMessage,
    @Query({ schema: replyWait }) wait: WaitQuery,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const outcome = await this.commands.execute(new PostMessage(id, { content, metadata }, context));
    const seconds = secondsOf(wait);
    return this.writes.reply(outcome, reply, async () => {
      const messageId = await this.messages.postedBy(outcome);
      return seconds === undefined
        ? this.messages.get(id, messageId)
        : this.messages.answerTo(id, messageId, seconds, reply);
    });
  }

  @Delete()
  @Doc({
    summary: 'Clear the messages; Host forgets the conversation, the log keeps it',
    replies: { 200: contracts.messagesDeleted },
    errors: ['concurrent_write'],
  })
  async clear(
    @SessionId() id: string,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const deleted = this.messages.count(id);
    const outcome = await this.commands.execute(new ClearMessages(id, {}, context));
    return this.writes.reply(outcome, reply, () => ({ deleted, session_id: id }));
  }
}
