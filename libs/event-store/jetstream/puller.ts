import { setTimeout as delay } from 'node:timers/promises';
import {
  createInbox,
  nanos,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { JetStreamApiError } from '@nats-io/jetstream';
import { LogError } from '../event-store.js';
import { retryDelay } from '../retry-delay.js';
import type { Link } from './link.js';

const REQUEST_EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;
/** No answer is waited out for ever; so many refusals in a row, some 12 s of them, are taken for an answer. */
const MOST_REFUSALS = 10;

export interface PullOptions<T> {
  connection: NatsConnection;
  link: Link;
  stream: string;
  signal: AbortSignal;
  /** Makes sure that the consumer exists, and returns its name. Called again after every loss. */
  open: () => Promise<string>;
  /** Messages wanted at hand: waiting to be taken, or asked of the server. */
  demand: () => number;
  /** The server is asked when at least so many are wanted. */
  threshold: number;
  /** What a message is to whoever takes it; `skip` when nothing, `lost` when the consumer has to be opened anew. */
  accept: (message: Msg) => T | 'skip' | 'lost';
}

/**
 * Pulls messages of one consumer into memory, never more than wanted, through every loss of connection, server or
 * consumer.
 */
export class Puller<T> {
  readonly #options: PullOptions<T>;
  #ready: T[] = [];
  #asked = 0;
  #consumer = '';
  #inbox = '';
  #lastSign = 0;
  #failure: unknown;
  #lose: () => void = () => {};
  #wake: () => void = () => {};

  constructor(options: PullOptions<T>) {
    this.#options = options;
    void this.#run();
  }

  /** What is at hand by now, at most `max`; waits when there is nothing. Empty at the end. */
  async take(max: number): Promise<T[]> {
    const { signal } = this.#options;
    while (this.#ready.length === 0 && this.#failure === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (signal.aborted) return [];
    if (this.#ready.length === 0) throw this.#failure;
    return this.#ready.splice(0, max);
  }

  /** What was pulled and never taken. */
  leftovers(): T[] {
    return this.#ready.splice(0);
  }

  /** To be called after a take, and whenever the demand may have grown. */
  refill(): void {
    const { connection, stream, demand, threshold, signal } = this.#options;
    const wanted = demand() - this.#ready.length - this.#asked;
    if (this.#inbox === '' || wanted < threshold || signal.aborted || connection.isClosed()) return;
    this.#asked += wanted;
    const request = {
      batch: wanted,
      expires: nanos(REQUEST_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`, JSON.stringify(request), {
      reply: this.#inbox,
    });
  }

  async #run(): Promise<void> {
    const { signal, connection, open } = this.#options;
    const stop = () => {
      this.#lose();
      this.#wake();
    };
    signal.addEventListener('abort', stop, { once: true });
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#consumer = await open();
        failures = 0;
        if (!signal.aborted) await this.#session();
      } catch (error) {
        if (error instanceof LogError && error.code === 'cursor_invalid') return this.#fail(error);
        failures += 1;
        const refused = error instanceof JetStreamApiError && failures >= MOST_REFUSALS;
        if (refused || connection.isClosed()) return this.#fail(error);
        await pause(Math.min(retryDelay(failures), LONGEST_PAUSE_MS), signal);
      }
    }
  }

  /** Receives until the consumer is lost or the signal aborts. */
  async #session(): Promise<void> {
    const { connection, link } = this.#options;
    const inbox = createInbox();
    const lost = new Promise<void>((resolve) => (this.#lose = resolve));
    const subscription: Subscription = connection.subscribe(inbox, {
      callback: (error, message) => (error === null ? this.#receive(message, inbox) : this.#lose()),
    });
    const forget = link.onChange(this.#lose);
    const watchdog = setInterval(() => this.#checkSigns(), HEARTBEAT_MS);
    this.#inbox = inbox;
    this.#asked = 0;
    this.#lastSign = Date.now();
    try {
      this.refill();
      await lost;
    } finally {
      this.#inbox = '';
      forget();
      clearInterval(watchdog);
      subscription.unsubscribe();
    }
  }

  #receive(message: Msg, inbox: string): void {
    if (inbox !== this.#inbox) return;
    this.#lastSign = Date.now();
    if (message.subject === inbox) return this.#status(message);
    const item = this.#options.accept(message);
    if (item === 'lost') return this.#lose();
    this.#asked -= 1;
    if (item === 'skip') return this.refill();
    this.#ready.push(item);
    this.#wake();
  }

  /** Heartbeats (100) and requests that ran out (408) are business as usual; all else means to start over. */
  #status({ headers }: Msg): void {
    if (headers?.code === 100) return;
    if (headers?.code !== 408) return this.#lose();
    this.#asked -= Number(headers.get('Nats-Pending-Messages') || 0);
    this.refill();
  }

  #checkSigns(): void {
    if (this.#asked > 0 && Date.now() - this.#lastSign > 3 * HEARTBEAT_MS) this.#lose();
  }

  #fail(cause: unknown): void {
    this.#failure = cause instanceof LogError ? cause : noMore(cause);
    this.#wake();
  }
}

function noMore(cause: unknown): LogError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  const message = `The log gives no more events (${problem}): is nats-server running, and its stream there?`;
  return new LogError('log_unavailable', message, { cause });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
