import type { Message } from '#contracts';
import type { SessionEvent } from './session-event.js';

/** How a message ended. `closed` and `gone`: its session did, before it was answered. */
export type Outcome = 'completed' | 'failed' | 'interrupted' | 'cleared' | 'closed' | 'gone';

interface Turn {
  id: string;
  messageIds: readonly string[];
}

/** Which messages wait and what runs, followed from the events. */
export class Progress {
  #waiting = new Set<string>();
  #outcomes = new Map<string, Outcome>();
  #turn: Turn | undefined;
  #last: Outcome | undefined;
  #gone = false;

  /** Continues from what the session's messages say now. */
  constructor(messages: Pick<Message, 'id' | 'status' | 'turn_id'>[] = []) {
    for (const { id, status, turn_id } of messages) {
      if (status === 'queued' || status === 'processing') this.#waiting.add(id);
      if (status === 'processing' && turn_id !== null) this.#turn = { id: turn_id, messageIds: [id] };
    }
  }

  get turnRuns(): boolean {
    return this.#turn !== undefined;
  }

  /** Whether Host has something to do, now or as soon as its computer runs. */
  get working(): boolean {
    return this.turnRuns || this.#waiting.size > 0;
  }

  /** The session was deleted. */
  get gone(): boolean {
    return this.#gone;
  }

  /** How the last message ended that did. */
  get lastOutcome(): Outcome | undefined {
    return this.#last;
  }

  /** How this message ended; undefined while it waits. */
  outcomeOf(messageId: string): Outcome | undefined {
    return this.#outcomes.get(messageId);
  }

  /** A message that the server has accepted. Its events may have come before the reply that says so. */
  accepted(messageId: string): void {
    if (!this.#outcomes.has(messageId)) this.#waiting.add(messageId);
  }

  /** Nothing will be answered until somebody restores the session. */
  closed(outcome: 'closed' | 'failed'): void {
    this.#settleAll(outcome);
  }

  follow(event: SessionEvent): void {
    switch (event.type) {
      case 'message.posted':
        return this.accepted(event.data.message_id);
      case 'turn.started':
        this.#turn = { id: event.data.turn_id, messageIds: event.data.message_ids };
        return;
      case 'turn.completed':
        return this.#endTurn('completed');
      case 'turn.failed':
        return this.#endTurn('failed');
      case 'turn.interrupted':
        return this.#endTurn('interrupted');
      case 'messages.cleared':
        return this.#settle(
          [...this.#waiting].filter((id) => !this.#turn?.messageIds.includes(id)),
          'cleared',
        );
      case 'computer.failed':
        return event.data.gave_up ? this.closed('failed') : undefined;
      case 'session.closed':
        return this.closed(event.data.reason === 'failed' ? 'failed' : 'closed');
      case 'session.deleted':
      case 'session.erased':
        this.#gone = true;
        return this.#settleAll('gone');
      default:
        return undefined;
    }
  }

  #endTurn(outcome: Outcome): void {
    const ids = this.#turn?.messageIds ?? [];
    this.#turn = undefined;
    this.#last = outcome;
    this.#settle(ids, outcome);
  }

  #settleAll(outcome: Outcome): void {
    this.#turn = undefined;
    this.#settle([...this.#waiting], outcome);
  }

  #settle(ids: readonly string[], outcome: Outcome): void {
    for (const id of ids) {
      this.#waiting.delete(id);
      this.#outcomes.set(id, outcome);
      this.#last = outcome;
    }
  }
}
