import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandContext, CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { SessionNames } from '../session-names.js';
import { SessionRepository } from '../session-repository.js';
import { UpdateSession } from './command.js';

@CommandHandler(UpdateSession)
export class UpdateSessionHandler implements ICommandHandler<UpdateSession, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionNames) private readonly names: SessionNames,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  execute({ sessionId, payload, context }: UpdateSession): Promise<CommandOutcome> {
    return this.idempotency.once(context, () => this.update(sessionId, payload, context));
  }

  private async update(
    sessionId: string,
    payload: UpdateSession['payload'],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    const { state: before } = await this.sessions.load(sessionId);
    const renamed = payload.name !== undefined && payload.name !== before.name;
    if (renamed && before.lifecycle === 'live') await this.names.claim(sessionId, payload.name);
    const outcome = await this.sessions.execute(sessionId, { type: 'update', changes: payload }, context);
    if (renamed) await this.names.release(sessionId, before.name);
    return outcome;
  }
}
