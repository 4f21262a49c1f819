import type { CommandContext, CommandOutcome, SessionMessage } from '#commands';
import { DomainError } from '#domain';

export const OPERATOR: CommandContext = { actor: 'operator' };

/** Sends a command to its handler. */
export type ExecuteCommand = (command: SessionMessage<unknown>) => Promise<CommandOutcome>;

/** A refusal means that the session has moved on: whoever asked looks again and decides anew. */
export async function ignoringRefusal(command: Promise<unknown>): Promise<void> {
  try {
    await command;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
}
