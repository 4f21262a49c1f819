import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { RecordRootFilesystem } from './command.js';

@CommandHandler(RecordRootFilesystem)
export class RecordRootFilesystemHandler implements ICommandHandler<RecordRootFilesystem, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: RecordRootFilesystem): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'record-root-filesystem', data: payload }, context);
  }
}
