import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import { SCREEN_ENDED, type CloseReason } from './close-reason.js';

/** A client that does not answer the end of its connection is cut off. */
const END_WITHIN_MS = 1_000;

/** A browser that watches a desktop, or uses it: its WebSocket, joined to the computer's screen. */
export class Viewer {
  /** Resolves when the connection is over on both sides. */
  readonly closed: Promise<void>;
  private answered = true;

  constructor(
    private readonly socket: WebSocket,
    /** Set when it uses the desktop. */
    readonly leaseId: string | undefined,
    heartbeat: number,
  ) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    const beat = setInterval(() => this.beat(), heartbeat);
    socket.on('pong', () => (this.answered = true));
    socket.once('close', () => clearInterval(beat));
    // What a client sends wrongly ends its connection, and is nobody else's concern.
    socket.on('error', () => socket.terminate());
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Each side is read no faster than the other takes it; both end together. */
  join(screen: Duplex): void {
    const client = createWebSocketStream(this.socket);
    client.on('error', () => screen.destroy());
    this.socket.once('close', () => screen.destroy());
    screen.on('error', () => this.end(SCREEN_ENDED));
    screen.once('close', () => this.end(SCREEN_ENDED));
    screen.once('end', () => this.end(SCREEN_ENDED));
    client.pipe(screen, { end: false });
    screen.pipe(client, { end: false });
    if (!this.isOpen) screen.destroy();
  }

  end({ code, text }: CloseReason): void {
    if (!this.isOpen) return;
    this.socket.close(code, text);
    const timer = setTimeout(() => this.socket.terminate(), END_WITHIN_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  /** Data that the client does not take holds back the question too, so a stalled client does not answer. */
  private beat(): void {
    if (!this.answered) return this.socket.terminate();
    this.answered = false;
    this.socket.ping();
  }
}
