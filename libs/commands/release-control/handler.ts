import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { ReleaseControl } from './command.js';

@CommandHandler(ReleaseControl)
export class ReleaseControlHandler implements ICommandHandler<ReleaseControl, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: ReleaseControl): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'release-control', ...payload }, context);
  }
}
