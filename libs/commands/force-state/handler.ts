import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { COMPUTER_NODE, type ComputerNode } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { ForceState } from './command.js';

@CommandHandler(ForceState)
export class ForceStateHandler implements ICommandHandler<ForceState, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
  ) {}

  execute({ sessionId, payload, context }: ForceState): Promise<CommandOutcome> {
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.execute(
        sessionId,
        { type: 'force-state', to: payload.to, by: context.actor, node: this.node },
        context,
      ),
    );
  }
}
