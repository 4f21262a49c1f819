import type { ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface Frame {
  id?: number;
  event?: string;
  data: unknown;
}

/** Why the server ended a stream: the last frame, an event `end`. */
export interface StreamEnd {
  code: string;
  detail: string;
}

const TOO_SLOW: StreamEnd = {
  code: 'client_too_slow',
  detail:
    'The client took nothing for too long. Connect again with Last-Event-ID to go on behind the last event.',
};

/** Writes server-sent events no faster than the client takes them. */
export class SseWriter {
  private readonly heartbeat: NodeJS.Timeout;
  private readonly stall = new AbortController();
  /** Aborts when the client takes nothing for too long; nothing is sent any more then. */
  readonly stalled = this.stall.signal;

  /** @param gone aborts when the client has left, or the server stops */
  constructor(
    private readonly response: ServerResponse,
    private readonly timing: { heartbeat: number; stalledAfter: number },
    private readonly gone: AbortSignal,
  ) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.heartbeat = setInterval(() => this.beat(), timing.heartbeat);
  }

  /** Resolves when there is room for more; the stream ends when the client takes nothing for too long. */
  async send(frame: Frame): Promise<void> {
    if (!this.open || this.response.write(format(frame))) return;
    const timer = setTimeout(() => this.stall.abort(), this.timing.stalledAfter);
    try {
      await once(this.response, 'drain', { signal: AbortSignal.any([this.gone, this.stalled]) });
    } catch {
      if (this.gone.aborted) this.response.destroy();
      else this.end(TOO_SLOW);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends what is worth nothing later, unless the client still has to take what came before. */
  offer(frame: Frame): void {
    if (this.open && !this.response.writableNeedDrain) this.response.write(format(frame));
  }

  /** The last frame. */
  end(data: StreamEnd): void {
    if (this.open) this.response.end(format({ event: 'end', data }));
  }

  /** A client that does not take the rest in time either is cut off. */
  close(): void {
    clearInterval(this.heartbeat);
    this.response.end();
    const { response } = this;
    if (response.writableFinished || response.destroyed) return;
    const timer = setTimeout(() => response.destroy(), this.timing.stalledAfter).unref();
    response.once('close', () => clearTimeout(timer));
  }

  private get open(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  private beat(): void {
    if (this.open && !this.response.writableNeedDrain) this.response.write(': heartbeat\n\n');
  }
}

function format({ id, event, data }: Frame): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`);
  return `${head}data: ${JSON.stringify(data)}\n\n`;
}
