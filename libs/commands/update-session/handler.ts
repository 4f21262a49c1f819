import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { decide } from '#domain';
import type { CommandContext, CommandOutcome } from '../context.js';
import { Idempotency } from '../idempotency.js';
import { SerialQueues } from '../serial-queues.js';
import { mayBeStored, SessionNames } from '../session-names.js';
import { SessionRepository } from '../session-repository.js';
import { UpdateSession } from './command.js';

@CommandHandler(UpdateSession)
export class UpdateSessionHandler implements ICommandHandler<UpdateSession, CommandOutcome> {
  /** Two renames of one session would free each other's names. */
  private readonly renames = new SerialQueues();

  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionNames) private readonly names: SessionNames,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  execute({ sessionId, payload, context }: UpdateSession): Promise<CommandOutcome> {
    return this.idempotency.once(sessionId, context, () => this.update(sessionId, payload, context));
  }

  private async update(
    sessionId: string,
    payload: UpdateSession['payload'],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    const { name } = payload;
    if (name === undefined)
      return this.sessions.execute(sessionId, { type: 'update', changes: payload }, context);
    return this.renames.run(sessionId, false, () => this.rename(sessionId, name, payload, context));
  }

  /** The new name is claimed before the session has it; of the two, the one that the session does not have is freed. */
  private async rename(
    sessionId: string,
    name: string,
    changes: UpdateSession['payload'],
    context: CommandContext,
  ): Promise<CommandOutcome> {
    const { state } = await this.sessions.current(sessionId);
    if (state.lifecycle !== 'live') {
      return this.sessions.execute(sessionId, { type: 'update', changes }, context);
    }
    // Also one that the session has already: another server may have renamed it meanwhile, and given the name away.
    await this.names.claim(sessionId, name);
    let before = state.name;
    try {
      const outcome = await this.sessions.change(
        sessionId,
        (current) => {
          before = current.name;
          return decide(current, { type: 'update', changes });
        },
        context,
      );
      if (before !== name) await this.names.release(sessionId, before);
      return outcome;
    } catch (error) {
      if (!mayBeStored(error)) await this.releaseUnlessNamed(sessionId, name).catch(() => undefined);
      throw error;
    }
  }

  private async releaseUnlessNamed(sessionId: string, name: string): Promise<void> {
    const { state } = await this.sessions.current(sessionId);
    if (state.name !== name) await this.names.release(sessionId, name);
  }
}
