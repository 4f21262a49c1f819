import type { CommandBus } from '@nestjs/cqrs';
import {
  CompleteTool,
  CompleteTurn,
  FailTurn,
  RecordLateResponse,
  RecordResponse,
  ReleaseControl,
  ReportComputerDisrupted,
  StartTool,
  type CommandContext,
  type CommandOutcome,
} from '#commands';
import {
  DomainError,
  type Control,
  type DomainErrorCode,
  type EventData,
  type EventEnvelope,
  type TurnFailure,
} from '#domain';
import { LeaseLostError, type EventStore } from '#event-store';
import type { SessionHistory } from './turn-history.js';

/** Refusals that mean: somebody else ended this turn, or works on it. */
const OVER: ReadonlySet<DomainErrorCode> = new Set([
  'turn_over',
  'step_out_of_order',
  'session_not_found',
  'session_unreadable',
]);

/** The turn is not ours any more; whoever works on it stops without a word. */
export class TurnOver extends Error {
  override readonly name = 'TurnOver';
}

export interface JournalParts {
  bus: CommandBus;
  store: EventStore;
  /** Rejects when another process works on the turn. Asked before each step is added. */
  confirm: () => Promise<void>;
  sessionId: string;
  turnId: string;
  context: CommandContext;
  history: SessionHistory;
}

/**
 * One turn on the log: what is there of its session, and the commands that add its steps. A step is on the log
 * before the next one begins.
 */
export class TurnJournal {
  private readonly history: EventEnvelope[];
  /** Up to here nothing is missing; own steps come after it. */
  private gapless: { length: number; sequence: number };
  private latest: number;
  /** Version that the session has after the known events, if nobody else has added any. */
  private version: number;

  readonly sessionId: string;
  readonly turnId: string;
  private readonly store: EventStore;
  private readonly context: CommandContext;

  constructor(private readonly parts: JournalParts) {
    const { events, version, sequence } = parts.history;
    this.version = version;
    this.history = [...events];
    this.gapless = { length: events.length, sequence };
    this.latest = sequence;
    this.sessionId = parts.sessionId;
    this.turnId = parts.turnId;
    this.store = parts.store;
    this.context = parts.context;
  }

  /** What the turn needs of the session's events: up to the last `catchUp` nothing is missing, then its own come. */
  get events(): readonly EventEnvelope[] {
    return this.history;
  }

  /** How far on the log `catchUp` has looked. */
  get sequence(): number {
    return this.gapless.sequence;
  }

  /** Of the last of `events`. */
  get lastSequence(): number {
    return this.latest;
  }

  /** Takes in what others did in this session meanwhile. A replica of the log may lag behind our own steps. */
  async catchUp(): Promise<void> {
    const last = await this.store.last(this.sessionId);
    if (last === undefined || last.event.sessionversion < this.version) return;
    if (last.event.sessionversion === this.version) return this.knowUntil(last.sequence);
    const since = await this.store.read(this.sessionId, { fromSequence: this.gapless.sequence + 1 });
    const end = since.at(-1);
    if (end === undefined || end.event.sessionversion < this.version) return;
    this.history.splice(this.gapless.length, Infinity, ...since.map(({ event }) => event));
    this.version = end.event.sessionversion;
    this.knowUntil(end.sequence);
  }

  private knowUntil(sequence: number): void {
    this.gapless = { length: this.history.length, sequence };
    this.latest = Math.max(this.latest, sequence);
  }

  recordResponse(data: Omit<EventData['model.responded'], 'turn_id'>): Promise<void> {
    return this.append(new RecordResponse(this.sessionId, this.own(data), this.context));
  }

  /** Keeps what the model had said when the turn was ended from outside. */
  recordLateResponse(data: Omit<EventData['model.responded'], 'turn_id'>): Promise<void> {
    return this.append(new RecordLateResponse(this.sessionId, this.own(data), this.context));
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

  /** Something happened to the computer that it survived. */
  tellDisrupted(reason: EventData['computer.disrupted']['reason'], detail: string): Promise<void> {
    const disruption = { reason, detail, running: true };
    return this.append(new ReportComputerDisrupted(this.sessionId, disruption, this.context));
  }

  /** Ends a person's lease whose time is over; nothing happens when it was prolonged meanwhile. */
  endLease({ leaseId, until }: Control): Promise<void> {
    const release = { leaseId, reason: 'expired' as const, ifUntil: until };
    return this.append(new ReleaseControl(this.sessionId, release, this.context));
  }

  private own<T>(data: T): T & { turn_id: string } {
    return { turn_id: this.turnId, ...data };
  }

  private async confirm(): Promise<void> {
    try {
      await this.parts.confirm();
    } catch (error) {
      if (error instanceof LeaseLostError) throw new TurnOver(error.message);
      throw error;
    }
  }

  private async append(command: Parameters<CommandBus['execute']>[0]): Promise<void> {
    await this.confirm();
    try {
      const { events, sequence } = await this.parts.bus.execute<typeof command, CommandOutcome>(command);
      this.history.push(...events);
      this.version += events.length;
      if (events.length > 0) this.latest = sequence;
    } catch (error) {
      if (error instanceof DomainError && OVER.has(error.code)) throw new TurnOver(error.message);
      throw error;
    }
  }
}
