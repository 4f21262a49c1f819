import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { RecordLateResponse } from './command.js';

@CommandHandler(RecordLateResponse)
export class RecordLateResponseHandler implements ICommandHandler<RecordLateResponse, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: RecordLateResponse): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'record-late-response', data: payload }, context);
  }
}
