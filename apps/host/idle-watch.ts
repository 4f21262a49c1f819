/** Aborts when nothing was heard for a while: a dead connection says nothing for ever. */
export class IdleWatch {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    this.timer = setTimeout(() => this.controller.abort(), idleMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** A `fetch` that counts every byte of the answer as a sign of life, also the pings that carry no content. */
  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    this.timer.refresh();
    if (response.body === null) return response;
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.timer.refresh();
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(heard), response);
  };

  stop(): void {
    clearTimeout(this.timer);
  }
}
