import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { StartTool } from './command.js';

@CommandHandler(StartTool)
export class StartToolHandler implements ICommandHandler<StartTool, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: StartTool): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'start-tool', data: payload }, context);
  }
}
