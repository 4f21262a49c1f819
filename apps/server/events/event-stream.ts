import type { StreamedDelta } from '#contracts';
import type { EventEnvelope } from '#domain';
import type { EventStore, Signals } from '#event-store';
import { publicEvent } from './public-event.js';
import type { SseWriter } from './sse-writer.js';

export interface StreamOptions {
  store: EventStore;
  signals: Signals;
  writer: SseWriter;
  /** One session, with the text of its replies as it comes; else all sessions. */
  sessionId?: string;
  /** Sequence of the last event that the client has. */
  after: number;
  /** End of the log now. */
  head: number;
  signal: AbortSignal;
}

/**
 * Sends `hello` with the log's end, what the client has missed, and then everything as it happens,
 * until the signal aborts or the one session is gone.
 */
export async function streamEvents(options: StreamOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const pieces = new ReplyPieces(options);
  const deltas = takeDeltas({ ...options, signal }, pieces);
  try {
    await sendEvents({ ...options, signal }, pieces);
  } finally {
    stop.abort();
    await deltas;
  }
}

async function sendEvents(options: StreamOptions, pieces: ReplyPieces): Promise<void> {
  const { store, writer, sessionId, after, head, signal } = options;
  await writer.send({ event: 'hello', data: { head } });
  for await (const recorded of store.follow({ after, sessionId, signal })) {
    const { sequence, event } = recorded;
    pieces.begin(event);
    await writer.send({ id: sequence, event: event.type, data: publicEvent(recorded) });
    pieces.sent(sequence);
    if (sessionId !== undefined && isEnd(event)) return;
  }
}

function isEnd({ type }: EventEnvelope): boolean {
  return type === 'session.deleted' || type === 'session.erased';
}

async function takeDeltas({ signals, sessionId, signal }: StreamOptions, pieces: ReplyPieces): Promise<void> {
  if (sessionId === undefined) return;
  for await (const payload of signals.subscribe(`deltas.${sessionId}`, signal)) {
    pieces.take(payload as StreamedDelta);
  }
}

/** Pieces of one reply that wait for an event at most; the whole reply comes with its own event anyway. */
const MAX_WAITING = 10_000;

/**
 * Pieces of replies come on another way than the log's events, and may be quicker or later. Each is sent after the
 * event that its reply follows and before the event that has the whole, or not at all. Text is worth something only
 * while it is new: a slow client misses pieces.
 */
class ReplyPieces {
  private whole: string | undefined;
  private last: number;
  private waiting: StreamedDelta[] = [];

  constructor(private readonly options: Pick<StreamOptions, 'writer' | 'after'>) {
    this.last = options.after;
  }

  /** To be called before an event is sent. */
  begin(event: EventEnvelope): void {
    if (event.type === 'model.responded') this.whole = event.data.message_id;
  }

  sent(sequence: number): void {
    this.last = sequence;
    const { waiting } = this;
    this.waiting = [];
    for (const delta of waiting) this.take(delta);
  }

  take(delta: StreamedDelta): void {
    if (delta.message_id === this.whole) return;
    if (delta.after <= this.last) this.options.writer.offer({ event: 'delta', data: delta });
    else if (this.waiting.length < MAX_WAITING) this.waiting.push(delta);
  }
}
