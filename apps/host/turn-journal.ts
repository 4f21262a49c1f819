import type { CommandBus } from '@nestjs/cqrs';
import {
  CompleteTool,
  CompleteTurn,
  FailTurn,
  RecordResponse,
  StartTool,
  type CommandContext,
  type CommandOutcome,
} from '#commands';
import {
  DomainError,
  type DomainErrorCode,
  type EventData,
  type EventEnvelope,
  type TurnFailure,
} from '#domain';

/** Refusals that mean: somebody else ended this turn, or works on it. */
const OVER: ReadonlySet<DomainErrorCode> = new Set(['turn_over', 'step_out_of_order', 'session_not_found']);

/** The turn is not ours any more; whoever works on it stops without a word. */
export class TurnOver extends Error {
  override readonly name = 'TurnOver';
}

/**
 * One turn on the log: what is there of its session, and the commands that add its steps. A step is on the log
 * before the next one begins.
 */
export class TurnJournal {
  constructor(
    private readonly bus: CommandBus,
    readonly sessionId: string,
    readonly turnId: string,
    private readonly context: CommandContext,
    private readonly history: EventEnvelope[],
  ) {}

  /** The session's events that matter to this turn: all up to its beginning, then its own. */
  get events(): readonly EventEnvelope[] {
    return this.history;
  }

  recordResponse(data: Omit<EventData['model.responded'], 'turn_id'>): Promise<void> {
    return this.append(new RecordResponse(this.sessionId, this.own(data), this.context));
  }

  startTool(data: Omit<EventData['tool.started'], 'turn_id'>): Promise<void> {
    return this.append(new StartTool(this.sessionId, this.own(data), this.context));
  }

  completeTool(data: Omit<EventData['tool.completed'], 'turn_id'>): Promise<void> {
    return this.append(new CompleteTool(this.sessionId, this.own(data), this.context));
  }

  complete(stopReason: string): Promise<void> {
    return this.append(new CompleteTurn(this.sessionId, this.own({ stop_reason: stopReason }), this.context));
  }

  fail(reason: TurnFailure, message: string): Promise<void> {
    return this.append(new FailTurn(this.sessionId, { turnId: this.turnId, reason, message }, this.context));
  }

  private own<T>(data: T): T & { turn_id: string } {
    return { turn_id: this.turnId, ...data };
  }

  private async append(command: Parameters<CommandBus['execute']>[0]): Promise<void> {
    try {
      const { events } = await this.bus.execute<typeof command, CommandOutcome>(command);
      this.history.push(...events);
    } catch (error) {
      if (error instanceof DomainError && OVER.has(error.code)) throw new TurnOver(error.message);
      throw error;
    }
  }
}
