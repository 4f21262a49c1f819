import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { CompleteTurn } from './command.js';

@CommandHandler(CompleteTurn)
export class CompleteTurnHandler implements ICommandHandler<CompleteTurn, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: CompleteTurn): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'complete-turn', data: payload }, context);
  }
}
