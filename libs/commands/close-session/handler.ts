import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { SessionRepository } from '../session-repository.js';
import { CloseSession } from './command.js';

@CommandHandler(CloseSession)
export class CloseSessionHandler implements ICommandHandler<CloseSession, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  execute({ sessionId, payload, context }: CloseSession): Promise<CommandOutcome> {
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.execute(sessionId, { type: 'close', by: context.actor, ...payload }, context),
    );
  }
}
