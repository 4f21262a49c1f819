import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { CloseSession } from './command.js';

@CommandHandler(CloseSession)
export class CloseSessionHandler implements ICommandHandler<CloseSession, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: CloseSession): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'close', by: context.actor, ...payload }, context);
  }
}
