import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { RecordSnapshot } from './command.js';

@CommandHandler(RecordSnapshot)
export class RecordSnapshotHandler implements ICommandHandler<RecordSnapshot, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: RecordSnapshot): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'record-snapshot', data: payload }, context);
  }
}
