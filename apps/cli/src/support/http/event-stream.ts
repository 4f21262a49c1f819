import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { StreamedDelta, StreamedEvent } from '#contracts';
import { CliError } from '../errors/cli-error.js';
import type { Client } from './client.js';
import { errorFromReply } from './problem.js';
import { waitAskedFor } from './retry-after.js';
import { readText } from './send.js';

/** The server sends a heartbeat every 10 s; a connection silent for this long is dead. */
const SILENCE_MS = 30_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

export type StreamItem =
  | { kind: 'event'; event: StreamedEvent }
  | { kind: 'delta'; delta: StreamedDelta }
  /** The connection broke; the stream goes on by itself. */
  | { kind: 'lost'; error: unknown }
  | { kind: 'back' };

export interface StreamOptions {
  sessionId: string;
  /** Only events after this sequence of the log. */
  after: number;
  signal: AbortSignal;
  /** Milliseconds without a connection after which to give up. */
  patienceMs?: number;
}

/**
 * A session's events and the text of its replies as it comes, without a gap and without a repetition: after a broken
 * connection it continues behind the last event. Ends when the session is gone.
 * @throws {CliError} when the server refuses, or stays away for too long.
 */
export async function* streamSession(client: Client, options: StreamOptions): AsyncGenerator<StreamItem> {
  const { signal, patienceMs = Infinity } = options;
  let last = options.after;
  let lostAt: number | undefined;
  let wait = FIRST_DELAY_MS;

  while (!signal.aborted) {
    try {
      const reply = await connect(client, options.sessionId, last, signal);
      if (lostAt !== undefined) yield { kind: 'back' };
      [lostAt, wait] = [undefined, FIRST_DELAY_MS];
      for await (const item of readItems(reply)) {
        if (item.kind === 'event') {
          if (item.event.sequence <= last) continue;
          last = item.event.sequence;
        }
        yield item;
        if (item.kind === 'event' && isEnd(item.event)) return;
      }
      throw new Error('the server ended the stream');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CliError && error.code !== 'server_unreachable') throw error;
      if (lostAt === undefined) yield { kind: 'lost', error };
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patienceMs) throw error;
      if (error instanceof BusyServer) wait = Math.max(wait, error.waitMs);
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
    wait = Math.min(wait * 2, MAX_DELAY_MS);
    client.refresh();
  }
}

/** Comes again later. */
class BusyServer extends Error {
  constructor(
    status: number,
    readonly waitMs = 0,
  ) {
    super(`the server answered ${status}`);
  }
}

async function connect(
  client: Client,
  sessionId: string,
  last: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const path = `sessions/${encodeURIComponent(sessionId)}/events?after=${last}`;
  const headers = { accept: 'text/event-stream', 'last-event-id': String(last) };
  const reply = await client.stream('GET', path, { headers, signal });
  const status = reply.statusCode ?? 0;
  if (status >= 500 || status === 429) throw new BusyServer(status, waitAskedFor(reply));
  if (status >= 400) throw errorFromReply(status, await readText(reply), client.url(path));
  reply.setTimeout(SILENCE_MS, () => reply.destroy(new Error(`no sign of life for ${SILENCE_MS / 1000} s`)));
  return reply;
}

async function* readItems(reply: IncomingMessage): AsyncGenerator<StreamItem> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  reply.setEncoding('utf8');
  for await (const chunk of reply) {
    parser.feed(chunk as string);
    for (const message of messages.splice(0)) {
      const item = toItem(message);
      if (item !== undefined) yield item;
    }
  }
}

/** Only what is on the log has an id; frames of a kind that this version does not know are passed over. */
function toItem({ id, event, data }: EventSourceMessage): StreamItem | undefined {
  if (event === 'delta') return { kind: 'delta', delta: JSON.parse(data) as StreamedDelta };
  if (id === undefined) return undefined;
  const sequence = Number(id);
  return { kind: 'event', event: { ...(JSON.parse(data) as StreamedEvent), sequence } };
}

function isEnd({ type }: StreamedEvent): boolean {
  return type === 'session.deleted' || type === 'session.erased';
}
