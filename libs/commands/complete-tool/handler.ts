import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { CompleteTool } from './command.js';

@CommandHandler(CompleteTool)
export class CompleteToolHandler implements ICommandHandler<CompleteTool, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: CompleteTool): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'complete-tool', data: payload }, context);
  }
}
