import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { COMPUTER_NODE, IDS, type ComputerNode, type Ids } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { TakeControl } from './command.js';

@CommandHandler(TakeControl)
export class TakeControlHandler implements ICommandHandler<TakeControl, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(COMPUTER_NODE) private readonly node: ComputerNode,
  ) {}

  execute({ sessionId, payload: { leaseId, seconds }, context }: TakeControl): Promise<CommandOutcome> {
    const now = this.ids.now().getTime() / 1000;
    const lease = { leaseId, by: context.actor, now, until: now + seconds, node: this.node };
    return this.sessions.execute(sessionId, { type: 'take-control', ...lease }, context);
  }
}
