import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { RecordResponse } from './command.js';

@CommandHandler(RecordResponse)
export class RecordResponseHandler implements ICommandHandler<RecordResponse, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: RecordResponse): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'record-response', data: payload }, context);
  }
}
