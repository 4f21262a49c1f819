import type { Session } from '#contracts';
import { CliError, messageOf } from '../errors/cli-error.js';
import type { Client } from '../http/client.js';
import { Conversation } from './conversation.js';
import { describeWhere } from './greetings.js';
import { Screen } from './screen.js';
import { isSlashCommand, runSlashCommand, type Next } from './slash-commands.js';
import { copyable } from '../terminal/copyable.js';

/** Earlier messages shown when one comes back. */
const HISTORY = 6;
const TWICE_WITHIN_MS = 2_000;

/** Talks to a session on this terminal until the person leaves. */
export async function talkOnTerminal(client: Client, session: Session, prompt?: string): Promise<void> {
  await new Interactive(client).run(session, prompt);
}

class Interactive {
  readonly #screen: Screen;
  readonly #left = Promise.withResolvers<void>();
  #conversation: Conversation | undefined;
  /** Inputs are done one after another, in the order in which they were typed. */
  #work: Promise<void> = Promise.resolve();
  #warnedAt = -Infinity;
  #interrupting = false;
  /** Messages on their way to the server. */
  #sending = 0;

  constructor(private readonly client: Client) {
    this.#screen = new Screen(process.stdin, process.stdout, {
      onInput: (text) => this.#onInput(text),
      onInterrupt: (line) => this.#onInterrupt(line),
      onClose: () => this.#left.resolve(),
    });
  }

  async run(session: Session, prompt?: string): Promise<void> {
    try {
      const attached = this.#attach(session).then(() => this.#say(prompt));
      this.#work = attached.catch(() => undefined);
      await Promise.race([attached.then(() => this.#left.promise), this.#left.promise]);
    } finally {
      this.#conversation?.leave();
      this.#screen.close();
    }
    const farewell = this.#conversation?.farewell;
    if (farewell !== undefined) this.#screen.note(farewell, 'dim');
  }

  async #attach(session: Session): Promise<void> {
    this.#screen.note(describeWhere(session), 'plain');
    const conversation = await Conversation.open({
      client: this.client,
      session,
      output: this.#screen,
      history: HISTORY,
    });
    this.#conversation?.leave();
    this.#conversation = conversation;
    if (session.state === 'init') this.#screen.note('starting the computer …', 'dim');
    this.#showProgress();
    void this.#accompany(conversation);
  }

  async #say(prompt: string | undefined): Promise<void> {
    if (prompt === undefined) return;
    this.#screen.note(`> ${prompt}`);
    await this.#conversation?.post(prompt);
    this.#showProgress();
  }

  /** Until the conversation ends by itself: its session is gone, or the server refuses. */
  async #accompany(conversation: Conversation): Promise<void> {
    await conversation.watch(() => this.#showProgress());
    if (this.#conversation !== conversation) return;
    await conversation.finished.catch((error: unknown) => this.#left.reject(error));
    this.#left.resolve();
  }

  #showProgress(): void {
    const working = this.#sending > 0 || (this.#conversation?.progress.working ?? false);
    if (!this.#conversation?.progress.turnRuns) this.#interrupting = false;
    this.#screen.setWorking(working);
  }

  #onInput(text: string): void {
    const messages = isSlashCommand(text) ? 0 : 1;
    this.#sending += messages;
    this.#showProgress();
    this.#work = this.#work
      .then(() => this.#handle(text))
      .catch((error: unknown) => this.#complain(error))
      .then(() => {
        this.#sending -= messages;
        this.#showProgress();
      });
  }

  async #handle(text: string): Promise<void> {
    const conversation = this.#conversation;
    if (conversation === undefined) return;
    if (!isSlashCommand(text)) {
      const waits = conversation.progress.working;
      await conversation.post(text.trim());
      if (waits) this.#screen.note('queued: Host takes it up when this turn is over', 'dim');
      return;
    }
    await this.#do(await runSlashCommand(text, { client: this.client, conversation, output: this.#screen }));
  }

  async #do(next: Next): Promise<void> {
    if (next.do === 'leave') this.#left.resolve();
    if (next.do === 'switch') await this.#attach(next.session);
  }

  #onInterrupt(line: string): void {
    if (this.#conversation?.progress.turnRuns && !this.#interrupting) {
      this.#interrupting = true;
      this.#screen.note('interrupting …', 'dim');
      this.#conversation.interrupt().catch((error: unknown) => this.#complain(error));
      return;
    }
    if (line !== '') {
      this.#warnedAt = -Infinity;
      return this.#screen.clearInput();
    }
    if (Date.now() - this.#warnedAt < TWICE_WITHIN_MS) return this.#left.resolve();
    this.#warnedAt = Date.now();
    this.#screen.note('Ctrl-C again leaves; the session goes on', 'dim');
  }

  #complain(error: unknown): void {
    const code = error instanceof CliError && error.code !== 'usage' ? ` (${error.code})` : '';
    this.#screen.note(`${messageOf(error)}${code}`, 'bad');
    if (error instanceof CliError && error.hint !== undefined) this.#screen.note(copyable(error.hint), 'dim');
  }
}
