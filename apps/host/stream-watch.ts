import { BrokenStreamError } from './model-failure.js';

export interface StreamLimits {
  /** Milliseconds without a byte, also before the first one, after which a connection counts as dead. */
  idleMs: number;
  /** Milliseconds without content, however many pings come, after which a reply counts as stuck. */
  contentMs: number;
}

/** Aborts a stream of which nothing more can be expected. */
export class StreamWatch {
  private readonly controller = new AbortController();
  private readonly idle: NodeJS.Timeout;
  private readonly content: NodeJS.Timeout;

  constructor({ idleMs, contentMs }: StreamLimits) {
    this.idle = setTimeout(() => this.abort(`nothing was heard for ${idleMs / 1000} s`), idleMs);
    this.content = setTimeout(
      () => this.abort(`the reply brought nothing but signs of life for ${contentMs / 1000} s`),
      contentMs,
    );
  }

  /** Aborts with the BrokenStreamError that says why. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** A `fetch` that counts every byte of the answer as a sign of life, also the pings that carry no content. */
  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    this.idle.refresh();
    if (response.body === null) return response;
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.idle.refresh();
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(heard), response);
  };

  /** To be called for each event of the reply. */
  heardContent(): void {
    this.content.refresh();
  }

  stop(): void {
    clearTimeout(this.idle);
    clearTimeout(this.content);
  }

  private abort(why: string): void {
    this.controller.abort(new BrokenStreamError(why));
  }
}
