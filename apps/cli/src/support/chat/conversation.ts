import type { Message, Session } from '#contracts';
import { CliError, messageOf } from '../errors/cli-error.js';
import type { Client } from '../http/client.js';
import { streamSession } from '../http/event-stream.js';
import { describeHow } from './greetings.js';
import { Narrator } from './narrator.js';
import type { Output } from './output.js';
import { Progress, type Outcome } from './progress.js';
import { asSessionEvent, type SessionEvent } from './session-event.js';

export interface ConversationOptions {
  client: Client;
  session: Session;
  output: Output;
  /** How many earlier messages to show. */
  history: number;
  /** Milliseconds without a connection after which to give up. Default: never. */
  patienceMs?: number;
}

/** One session, watched and talked to. */
export class Conversation {
  readonly #stop = new AbortController();
  #posting: Promise<unknown> = Promise.resolve();
  #changed = Promise.withResolvers<void>();
  #ended = false;

  private constructor(
    private readonly client: Client,
    public session: Session,
    private readonly output: Output,
    private readonly narrator: Narrator,
    readonly progress: Progress,
  ) {}

  /** Shows the last messages and begins to follow what happens. */
  static async open(options: ConversationOptions): Promise<Conversation> {
    const { client, session, output, history, patienceMs } = options;
    // Enough of them to see all that still wait for an answer.
    const answer = await client.call<Message[]>('GET', `sessions/${session.id}/messages?limit=100`);
    if (answer.sequence === undefined) {
      throw new CliError(
        'reply_malformed',
        'The server does not say where on the log its answer is (Raworc-Sequence).',
      );
    }
    const messages = answer.data;
    const narrator = new Narrator(
      output,
      messages.map(({ id }) => id),
    );
    showHistory(messages, history, output);
    const conversation = new Conversation(client, session, output, narrator, new Progress(messages));
    if (conversation.progress.working) await conversation.#learnOfEnd();
    conversation.#begin(answer.sequence, patienceMs);
    return conversation;
  }

  /** Resolves when the session is gone or `leave` was called. @throws {CliError} when the server stays away. */
  finished: Promise<void> = Promise.resolve();

  get path(): string {
    return `sessions/${this.session.id}`;
  }

  /** Sends a message and resolves to its id when the server has it. */
  post(content: string): Promise<string> {
    const posted = this.#send(content);
    this.#posting = posted.catch(() => undefined);
    return posted;
  }

  /** Resolves when the message is answered, or will not be. */
  async outcomeOf(messageId: string): Promise<Outcome> {
    await this.until(() => this.progress.outcomeOf(messageId) !== undefined);
    return this.progress.outcomeOf(messageId) ?? 'gone';
  }

  /** Resolves when the condition holds, or nothing more will happen. @throws {CliError} like `finished`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#ended) await this.#changed.promise;
    if (this.#ended) await this.finished;
  }

  /** Calls back after each change of `progress`, until nothing more will happen. */
  async watch(onChange: () => void): Promise<void> {
    while (!this.#ended) {
      await this.#changed.promise;
      onChange();
    }
  }

  /** What to tell a person who leaves. */
  get farewell(): string | undefined {
    return this.progress.gone ? undefined : describeHow(this.session);
  }

  interrupt(): Promise<unknown> {
    return this.client.call('POST', `${this.path}/interrupt`);
  }

  /** Stops following; the session goes on without us. */
  leave(): void {
    this.#stop.abort();
  }

  async #send(content: string): Promise<string> {
    const { data } = await this.client.call<Message>('POST', `${this.path}/messages`, {
      content: content.toWellFormed(),
    });
    this.narrator.typedHere(data.id);
    this.progress.accepted(data.id);
    this.#notify();
    return data.id;
  }

  /** The session may have been given up before anybody followed it; its messages wait then, and no event will come. */
  async #learnOfEnd(): Promise<void> {
    const { state, error } = (await this.client.call<Session>('GET', this.path)).data;
    if (state !== 'closed') return;
    if (error !== null) this.output.note(`${error} The session is closed; /restore tries again.`, 'bad');
    this.progress.closed(error === null ? 'closed' : 'failed');
  }

  #begin(after: number, patienceMs: number | undefined): void {
    this.finished = this.#follow(after, patienceMs).finally(() => {
      this.#ended = true;
      this.#notify();
    });
    // Whoever waits gets the error; nobody has to wait.
    this.finished.catch(() => undefined);
  }

  async #follow(after: number, patienceMs: number | undefined): Promise<void> {
    const options = { sessionId: this.session.id, after, signal: this.#stop.signal, patienceMs };
    for await (const item of streamSession(this.client, options)) {
      // Nothing more is told after the farewell.
      if (this.#stop.signal.aborted) return;
      if (item.kind === 'delta') this.narrator.piece(item.delta);
      if (item.kind === 'lost')
        this.output.note(`connection lost (${messageOf(item.error)}); reconnecting …`, 'bad');
      if (item.kind === 'back') this.output.note('connected again', 'dim');
      if (item.kind !== 'event') continue;
      const event = asSessionEvent(item.event);
      if (event !== undefined) await this.#take(event);
    }
  }

  async #take(event: SessionEvent): Promise<void> {
    // The reply to our own message tells that it is ours, and may come after the event.
    if (event.type === 'message.posted') await this.#posting;
    if (event.type === 'session.updated') this.session = { ...this.session, ...event.data };
    this.progress.follow(event);
    this.narrator.tell(event);
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function showHistory(messages: Message[], count: number, output: Output): void {
  if (count === 0) return;
  for (const { role, content } of messages.slice(-count)) {
    if (role === 'user') output.note(`> ${content}`, 'plain');
    else if (role === 'system') output.note(content, 'bad');
    else {
      output.reply(content);
      output.endReply();
    }
  }
}
