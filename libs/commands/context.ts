import { Command } from '@nestjs/cqrs';
import type { EventEnvelope, SessionState } from '#domain';

/** Who asks, and what this follows from. */
export interface CommandContext {
  /** `user:<name>`, `operator`, `host`. */
  actor: string;
  commandId?: string;
  correlationId?: string;
  causationId?: string;
  /** From an Idempotency-Key: becomes the command's id; the hash is the request body's digest. */
  idempotency?: { key: string; hash: string };
}

export interface CommandOutcome {
  sessionId: string;
  version: number;
  /** Place on the log of the session's last event; a view that has it shows the outcome. */
  sequence: number;
  state: SessionState;
  /** What was appended; empty when the goal already held. */
  events: EventEnvelope[];
  /** The outcome of an earlier request with the same idempotency key. */
  replayed: boolean;
}

/** A request to change one session. */
export abstract class SessionMessage<Payload> extends Command<CommandOutcome> {
  constructor(
    readonly sessionId: string,
    readonly payload: Payload,
    readonly context: CommandContext,
  ) {
    super();
  }
}
