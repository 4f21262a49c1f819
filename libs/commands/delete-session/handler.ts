import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { Erasures } from '../erasures.js';
import { SessionNames } from '../session-names.js';
import { SessionRepository } from '../session-repository.js';
import { DeleteSession } from './command.js';

@CommandHandler(DeleteSession)
export class DeleteSessionHandler implements ICommandHandler<DeleteSession, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionNames) private readonly names: SessionNames,
    @Inject(Erasures) private readonly erasures: Erasures,
  ) {}

  async execute({ sessionId, payload, context }: DeleteSession): Promise<CommandOutcome> {
    const { state } = await this.sessions.load(sessionId);
    const outcome = await this.sessions.execute(
      sessionId,
      { type: payload.erase ? 'erase' : 'delete' },
      context,
    );
    if (payload.erase) await this.erasures.finish(sessionId);
    if (state.name !== '') await this.names.release(sessionId, state.name);
    return outcome;
  }
}
