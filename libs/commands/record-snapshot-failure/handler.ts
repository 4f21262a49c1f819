import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { RecordSnapshotFailure } from './command.js';

@CommandHandler(RecordSnapshotFailure)
export class RecordSnapshotFailureHandler implements ICommandHandler<RecordSnapshotFailure, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: RecordSnapshotFailure): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'record-snapshot-failure', data: payload }, context);
  }
}
