import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { StartTurn } from './command.js';

@CommandHandler(StartTurn)
export class StartTurnHandler implements ICommandHandler<StartTurn, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: StartTurn): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'start-turn', ...payload }, context);
  }
}
