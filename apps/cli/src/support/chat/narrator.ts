import type { StreamedDelta } from '#contracts';
import { addUsage, describeUsage, NO_USAGE, type Usage } from '../sessions/tokens.js';
import { duration } from '../terminal/time.js';
import { describeControl, describeDisruption, describeFailedStart } from './describe-computer.js';
import { describeSkipped } from '../sessions/describe-skipped.js';
import { describeToolCall, describeToolResult } from './describe-tool.js';
import type { Output } from './output.js';
import { ReplyText } from './reply-text.js';
import { textOf, type SessionEvent } from './session-event.js';

/** Tells on an output what happens in a session, each thing once. */
export class Narrator {
  #reply = new ReplyText();
  #own = new Set<string>();
  #shown: Set<string>;
  #usage: Usage = NO_USAGE;
  #missing = '';
  #turnBegan: number | undefined;
  /** Of whom it was told that they have the desktop; they keep it by taking it again. */
  #lease: string | undefined;

  /** `shown`: messages that are on the output already. */
  constructor(
    private readonly output: Output,
    shown: Iterable<string> = [],
  ) {
    this.#shown = new Set(shown);
  }

  /** A message that was typed here; it needs no echo. */
  typedHere(messageId: string): void {
    this.#own.add(messageId);
  }

  piece({ message_id, text }: StreamedDelta): void {
    if (!this.output.live || this.#shown.has(message_id)) return;
    this.output.reply(this.#reply.piece(message_id, text));
  }

  tell(event: SessionEvent): void {
    const { output } = this;
    switch (event.type) {
      case 'computer.started':
        return output.note(`the computer is ready (${event.data.driver}, ${event.data.took_ms} ms)`, 'dim');
      case 'computer.failed':
        return output.note(describeFailedStart(event.data), 'bad');
      case 'computer.disrupted':
        return output.note(describeDisruption(event.data), 'bad');
      case 'files.snapshotted':
        return this.#filesKept(event.data);
      case 'files.snapshot_failed':
        return output.note(`the files could not be kept: ${event.data.reason}`, 'bad');
      case 'control.taken':
        return this.#controlTaken(event.data);
      case 'control.released':
        this.#lease = undefined;
        return output.note('Host has the desktop again', 'dim');
      case 'message.posted':
        return this.#messagePosted(event.data);
      case 'turn.started':
        this.#turnBegan = Date.parse(event.time);
        this.#usage = NO_USAGE;
        return;
      case 'model.responded':
        return this.#responded(event.data);
      case 'tool.started':
        return output.note(describeToolCall(event.data), 'tool');
      case 'tool.completed':
        return output.note(describeToolResult(event.data), event.data.is_error ? 'bad' : 'good');
      case 'turn.completed':
        return this.#turnCompleted(Date.parse(event.time));
      case 'turn.failed':
        return output.note(`Host could not answer: ${event.data.message} (${event.data.reason})`, 'bad');
      case 'turn.interrupted':
        return output.note('interrupted', 'dim');
      case 'messages.cleared':
        return output.note('the messages were cleared; Host begins anew', 'dim');
      case 'session.closed':
        return output.note(`${CLOSED[event.data.reason] ?? 'closed'}; a message restores it`, 'dim');
      case 'session.restored':
        return output.note('restoring: starting the computer …', 'dim');
      case 'session.updated':
        return event.data.name === undefined
          ? undefined
          : output.note(`the name is now ${event.data.name}`, 'dim');
      case 'session.deleted':
      case 'session.erased':
        return output.note('the session was deleted', 'bad');
    }
  }

  /** The same files are missing after every turn; it is said once. */
  #filesKept(kept: Extract<SessionEvent, { type: 'files.snapshotted' }>['data']): void {
    const missing = kept.skipped_total === 0 ? '' : describeSkipped(kept);
    if (missing !== '' && missing !== this.#missing) this.output.note(`not kept: ${missing}`, 'bad');
    this.#missing = missing;
  }

  #controlTaken({ lease_id, by }: Extract<SessionEvent, { type: 'control.taken' }>['data']): void {
    if (this.#lease === lease_id) return;
    this.#lease = lease_id;
    this.output.note(describeControl(by), 'dim');
  }

  #messagePosted({ message_id, content }: { message_id: string; content: string }): void {
    if (this.#own.has(message_id) || this.#shown.has(message_id)) return;
    this.output.note(`> ${content}`, 'plain');
  }

  #responded({
    message_id,
    content,
    usage,
  }: Extract<SessionEvent, { type: 'model.responded' }>['data']): void {
    this.#usage = addUsage(this.#usage, usage);
    if (this.#shown.has(message_id)) return;
    const text = textOf(content);
    if (text === '') return;
    this.output.reply(this.#reply.whole(message_id, text));
    this.output.endReply();
  }

  #turnCompleted(ended: number): void {
    if (this.#turnBegan === undefined) return;
    const took = duration((ended - this.#turnBegan) / 1000);
    this.output.note(`${describeUsage(this.#usage)}, ${took}`, 'dim');
    this.#turnBegan = undefined;
  }
}

const CLOSED: Record<string, string> = {
  requested: 'closed',
  idle_timeout: 'closed, because it was idle for long',
  failed: 'closed, because its computer failed',
};
