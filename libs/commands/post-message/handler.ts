import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { COMPUTER_NODE, IDS, type ComputerNode, type Ids } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { userMessage } from '../user-message.js';
import { PostMessage } from './command.js';

@CommandHandler(PostMessage)
export class PostMessageHandler implements ICommandHandler<PostMessage, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
  ) {}

  execute({ sessionId, payload, context }: PostMessage): Promise<CommandOutcome> {
    const data = userMessage(this.ids, payload.content, payload.metadata);
    return this.idempotency.once(sessionId, context, () =>
      this.sessions.execute(sessionId, { type: 'post-message', data, node: this.node }, context),
    );
  }
}
