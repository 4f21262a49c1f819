import type { ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface Frame {
  id?: number;
  event?: string;
  data: unknown;
}

/** Writes server-sent events no faster than the client takes them. */
export class SseWriter {
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly response: ServerResponse,
    private readonly timing: { heartbeat: number; stalledAfter: number },
    private readonly signal: AbortSignal,
  ) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.heartbeat = setInterval(() => this.beat(), timing.heartbeat);
  }

  /** Resolves when there is room for more; the stream is cut when the client takes nothing for too long. */
  async send(frame: Frame): Promise<void> {
    if (this.response.destroyed || this.response.write(format(frame))) return;
    const patience = AbortSignal.any([this.signal, AbortSignal.timeout(this.timing.stalledAfter)]);
    await once(this.response, 'drain', { signal: patience }).catch(() => this.response.destroy());
  }

  /** Sends what is worth nothing later, unless the client still has to take what came before. */
  offer(frame: Frame): void {
    if (!this.response.writableNeedDrain && !this.response.destroyed) this.response.write(format(frame));
  }

  close(): void {
    clearInterval(this.heartbeat);
    this.response.end();
  }

  private beat(): void {
    if (!this.response.writableNeedDrain) this.response.write(': heartbeat\n\n');
  }
}

function format({ id, event, data }: Frame): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`);
  return `${head}data: ${JSON.stringify(data)}\n\n`;
}
