import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { IDS, type Ids } from '../ports.js';
import { SessionRepository } from '../session-repository.js';
import { TakeControl } from './command.js';

@CommandHandler(TakeControl)
export class TakeControlHandler implements ICommandHandler<TakeControl, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  execute({ sessionId, payload: { leaseId, seconds }, context }: TakeControl): Promise<CommandOutcome> {
    const now = this.ids.now().getTime() / 1000;
    const lease = { leaseId, by: context.actor, now, until: now + seconds };
    return this.sessions.execute(sessionId, { type: 'take-control', ...lease }, context);
  }
}
