import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** A reader of server-sent events that can be cut off at any byte. */
export interface TestEventSource {
  response: Response;
  received: EventSourceMessage[];
  comments: string[];
  /** Waits for the first message that fits, also among those received before. */
  next(fits: (message: EventSourceMessage) => boolean): Promise<EventSourceMessage>;
  /** Resolves when the server has ended the stream, or `close` was called. */
  ended: Promise<void>;
  close(): void;
}

export async function openEventSource(
  url: string,
  headers: Record<string, string>,
): Promise<TestEventSource> {
  const stop = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const received: EventSourceMessage[] = [];
  const comments: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  const parser = createParser({
    onEvent(message) {
      received.push(message);
      wake();
    },
    onComment(comment) {
      comments.push(comment);
      wake();
    },
  });
  let over = false;
  const ended = read(response, (text) => parser.feed(text)).finally(() => {
    over = true;
    wake();
  });
  return {
    response,
    received,
    comments,
    ended,
    close: () => stop.abort(),
    next: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined && !over) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error('The stream ended without the message.'));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

async function read({ body }: Response, feed: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body ?? []) feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  } catch {
    // Cut off, by this side or the other.
  }
}
