import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { SessionRepository } from '../session-repository.js';
import { InterruptTurn } from './command.js';

@CommandHandler(InterruptTurn)
export class InterruptTurnHandler implements ICommandHandler<InterruptTurn, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  execute({ sessionId, context }: InterruptTurn): Promise<CommandOutcome> {
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.execute(sessionId, { type: 'interrupt', by: context.actor }, context),
    );
  }
}
