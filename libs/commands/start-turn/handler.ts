import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { COMPUTER_NODE, type ComputerNode } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { StartTurn } from './command.js';

@CommandHandler(StartTurn)
export class StartTurnHandler implements ICommandHandler<StartTurn, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
  ) {}

  execute({ sessionId, payload, context }: StartTurn): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'start-turn', ...payload, node: this.node }, context);
  }
}
