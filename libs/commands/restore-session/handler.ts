import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { SessionCommand } from '#domain';
import type { CommandOutcome } from '../context.js';
import { decideAll } from '../decide-all.js';
import { Idempotency } from '../idempotency.js';
import { COMPUTER_NODE, IDS, type ComputerNode, type Ids } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { userMessage } from '../user-message.js';
import { RestoreSession } from './command.js';

@CommandHandler(RestoreSession)
export class RestoreSessionHandler implements ICommandHandler<RestoreSession, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
  ) {}

  execute({ sessionId, payload: { prompt }, context }: RestoreSession): Promise<CommandOutcome> {
    const commands: SessionCommand[] = [{ type: 'restore', reason: 'requested', node: this.node }];
    if (prompt !== undefined) {
      commands.push({ type: 'post-message', data: userMessage(this.ids, prompt) });
    }
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.change(sessionId, (state) => decideAll(state, commands), context),
    );
  }
}
