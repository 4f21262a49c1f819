import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { SessionRepository } from '../session-repository.js';
import { ClearMessages } from './command.js';

@CommandHandler(ClearMessages)
export class ClearMessagesHandler implements ICommandHandler<ClearMessages, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  execute({ sessionId, context }: ClearMessages): Promise<CommandOutcome> {
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.execute(sessionId, { type: 'clear-messages' }, context),
    );
  }
}
