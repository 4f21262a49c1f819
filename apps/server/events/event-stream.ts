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
  const whole = new LastResponse();
  const deltas = sendDeltas({ ...options, signal }, whole);
  try {
    await sendEvents({ ...options, signal }, whole);
  } finally {
    stop.abort();
    await deltas;
  }
}

async function sendEvents(options: StreamOptions, whole: LastResponse): Promise<void> {
  const { store, writer, sessionId, after, head, signal } = options;
  await writer.send({ event: 'hello', data: { head } });
  for await (const recorded of store.follow({ after, sessionId, signal })) {
    const { sequence, event } = recorded;
    whole.note(event);
    await writer.send({ id: sequence, event: event.type, data: publicEvent(recorded) });
    if (sessionId !== undefined && isEnd(event)) return;
  }
}

function isEnd({ type }: EventEnvelope): boolean {
  return type === 'session.deleted' || type === 'session.erased';
}

/** Text is worth something only while it is new: a slow client misses pieces, and gets the whole with the event. */
async function sendDeltas(options: StreamOptions, whole: LastResponse): Promise<void> {
  const { signals, writer, sessionId, signal } = options;
  if (sessionId === undefined) return;
  for await (const payload of signals.subscribe(`deltas.${sessionId}`, signal)) {
    const delta = payload as StreamedDelta;
    if (!whole.isOf(delta)) writer.offer({ event: 'delta', data: delta });
  }
}

/** Pieces that come after their whole are late. */
class LastResponse {
  private messageId: string | undefined;

  note(event: EventEnvelope): void {
    if (event.type === 'model.responded') this.messageId = event.data.message_id;
  }

  isOf(delta: StreamedDelta): boolean {
    return delta.message_id === this.messageId;
  }
}
