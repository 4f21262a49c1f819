export interface EventSourceMessage {
  id?: string;
  event?: string;
  data: string;
}

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
  const take = (frame: string): void => {
    if (frame.startsWith(':')) comments.push(frame.slice(1).trim());
    else received.push(parse(frame));
    wake();
  };
  let over = false;
  const ended = read(response, take).finally(() => {
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

/** Hands over whole frames; what is cut off in the middle is lost, as with a browser. */
async function read({ body }: Response, take: (frame: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body ?? []) {
      const frames = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      frames.forEach(take);
    }
  } catch {
    // Cut off, by this side or the other.
  }
}

function parse(frame: string): EventSourceMessage {
  const fields = frame.split('\n').map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1) ?? ['?', line]);
  return { data: '', ...(Object.fromEntries(fields) as Partial<EventSourceMessage>) };
}
