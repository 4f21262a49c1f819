import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { FailTurn } from './command.js';

@CommandHandler(FailTurn)
export class FailTurnHandler implements ICommandHandler<FailTurn, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: FailTurn): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'fail-turn', ...payload }, context);
  }
}
