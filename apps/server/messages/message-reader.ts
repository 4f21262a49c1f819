import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CommandOutcome } from '#commands';
import { ApiError } from '#contracts';
import type { EventStore } from '#event-store';
import type { MessageView } from '#projections/messages';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS, VIEWS, type Views } from '../ports.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SessionReader } from '../reading/session-reader.js';
import { Watch } from '../reading/watch.js';

/** Messages as replies show them. */
@Injectable()
export class MessageReader {
  private readonly store: EventStore;

  constructor(
    @Inject(VIEWS) private readonly views: Views,
    @Inject(Watch) private readonly watch: Watch,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(SERVER_OPTIONS) { store }: ServerOptions,
  ) {
    this.store = store;
  }

  /** @throws ApiError `session_not_found`, `message_not_found` */
  last(sessionId: string, limit?: number, before?: string): MessageView[] {
    this.sessions.get(sessionId);
    if (before !== undefined) this.get(sessionId, before);
    return this.views.messages.last(sessionId, limit, before);
  }

  /**
   * As `last`, for more than fit into memory.
   * @throws ApiError `session_not_found`, `message_not_found`
   */
  pages(sessionId: string, limit?: number, before?: string): AsyncIterable<MessageView[]> {
    this.sessions.get(sessionId);
    if (before !== undefined) this.get(sessionId, before);
    return this.views.messages.pages(sessionId, limit, before);
  }

  count(sessionId: string): number {
    this.sessions.get(sessionId);
    return this.views.messages.count(sessionId);
  }

  /** @throws ApiError `message_not_found` */
  get(sessionId: string, messageId: string): MessageView {
    const found = this.views.messages.byId(sessionId, messageId);
    if (found === undefined) throw messageNotFound(sessionId, messageId);
    return found;
  }

  /** Id of the message that a command posted, now or when it came for the first time. */
  async postedBy({ sessionId, events, sequence }: CommandOutcome): Promise<string> {
    const last = events.at(-1) ?? (await this.store.at(sequence))?.event;
    if (last?.type === 'message.posted') return last.data.message_id;
    throw messageNotFound(sessionId, `of sequence ${sequence}`);
  }

  /**
   * The last that was said to a message: Host's answer, or why there is none.
   * @throws ApiError `not_answered` for a turn that was interrupted before Host said anything
   */
  answerTo(sessionId: string, messageId: string, seconds: number, reply: FastifyReply): Promise<MessageView> {
    const look = (): MessageView | undefined => {
      const { state, error } = this.sessions.get(sessionId);
      const answer = this.views.messages.replyTo(sessionId, messageId);
      if (answer === undefined) throw messageNotFound(sessionId, messageId);
      const { message, replies } = answer;
      const open = message.status === 'queued' || message.status === 'processing';
      if (open && state === 'closed' && error !== null) throw closedUnanswered(sessionId, error);
      if (open) return undefined;
      const last = replies.at(-1);
      if (last === undefined) throw notAnswered(message);
      return last;
    };
    const goal = `the answer to message ${messageId}`;
    return this.watch.until(look, { seconds, goal, signal: goneSignal(reply) });
  }
}

/** The session was given up, and waits for somebody to ask for it anew. */
function closedUnanswered(sessionId: string, error: string): ApiError {
  return new ApiError(
    'computer_failed',
    `Session ${sessionId} was closed before it could answer. ${error} The message is kept: it is answered when the session is restored.`,
  );
}

function notAnswered({ id, session_id }: MessageView): ApiError {
  return new ApiError(
    'not_answered',
    `Message ${id} of session ${session_id} was posted, but its turn ended before Host said anything. Post another message to go on.`,
  );
}

function messageNotFound(sessionId: string, messageId: string): ApiError {
  return new ApiError(
    'message_not_found',
    `Session ${sessionId} has no message "${messageId.slice(0, 64)}"; it may have been cleared.`,
  );
}
