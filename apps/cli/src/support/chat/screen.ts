import {
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface,
  type Key,
} from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { paint } from '../terminal/paint.js';
import { plainText } from '../terminal/plain-text.js';
import { stopLikeAJob } from '../terminal/suspend.js';
import type { Output, Tone } from './output.js';
import { Paste } from './paste.js';
import { toneOf } from './tone.js';

const PROMPT = '> ';

export interface ScreenHandlers {
  /** A whole input: a line, or a pasted text of several. */
  onInput(text: string): void;
  /** Ctrl-C; `line` is what was typed so far. */
  onInterrupt(line: string): void;
  /** Ctrl-D, or the terminal is gone. */
  onClose(): void;
}

/**
 * A terminal with a prompt at the bottom. While Host works the prompt is hidden and text flows as it comes; as soon
 * as one types, the prompt is there, and from then on whole lines appear above it.
 */
export class Screen implements Output {
  readonly live = true;
  readonly #readline: Interface;
  readonly #color: ReturnType<typeof paint>;
  readonly #paste: Paste;
  readonly #endJobControl: () => void;
  #prompting = false;
  #working = false;
  /** Text of an unfinished line that waits while the prompt is shown. */
  #held = '';
  #midLine = false;
  #closed = false;

  constructor(
    input: ReadStream,
    private readonly terminal: WriteStream,
    private readonly handlers: ScreenHandlers,
  ) {
    this.#color = paint(terminal);
    this.#readline = createInterface({ input, output: terminal, prompt: PROMPT, terminal: true });
    this.#paste = new Paste(terminal);
    // Before readline's own listener, so that the prompt is there when it echoes the key.
    input.prependListener('keypress', (_: string | undefined, key: Key) => this.#beforeKey(key));
    this.#readline.on('line', (line) => this.#onLine(line));
    this.#readline.on('SIGINT', () => handlers.onInterrupt(this.#readline.line));
    this.#endJobControl = stopLikeAJob(input, this.#readline, {
      release: () => this.#release(),
      resume: () => this.#resume(),
    });
    // Before readline's own listener, which draws the prompt again.
    terminal.prependListener('resize', () => this.#afterResize());
    this.#readline.on('close', () => handlers.onClose());
  }

  /** While Host works, the prompt stays out of the way until one types. */
  setWorking(working: boolean): void {
    this.#working = working;
    this.#arrange();
  }

  reply(text: string): void {
    this.#write(plainText(text));
  }

  endReply(): void {
    if (this.#midLine || this.#held !== '') this.#write('\n');
  }

  note(line: string, tone: Tone = 'plain'): void {
    this.endReply();
    this.#write(`${toneOf(tone, this.#color)(plainText(line))}\n`);
  }

  answer(text: string): void {
    this.note(text);
  }

  clearInput(): void {
    this.#paste.discard();
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
    this.#arrange();
  }

  /** Gives the terminal back; what is written later goes straight to it. */
  close(): void {
    this.#closed = true;
    if (this.#prompting) this.#erasePrompt();
    this.#flushHeld();
    this.endReply();
    this.#paste.stop();
    this.#endJobControl();
    this.#readline.removeAllListeners('close');
    this.#readline.close();
  }

  #release(): void {
    if (this.#prompting) this.#erasePrompt();
    this.#paste.stop();
  }

  #resume(): void {
    this.#paste.start();
    this.#arrange();
  }

  /**
   * A terminal breaks its lines anew when it becomes narrower or wider, so the prompt takes another number of rows
   * than readline remembers, and goes up by, before it draws.
   */
  #afterResize(): void {
    const drawn = this.#readline as Interface & { prevRows?: number };
    if (this.#prompting) drawn.prevRows = this.#readline.getCursorPos().rows;
  }

  #beforeKey(key: Key): void {
    if (this.#paste.note(key)) return;
    const leaves = key.ctrl === true && ['c', 'd', 'z'].includes(key.name ?? '');
    if (this.#prompting || leaves || key.name === 'return' || key.name === 'enter') return;
    this.#showPrompt();
  }

  #onLine(line: string): void {
    this.#prompting = false;
    this.#midLine = false;
    this.#flushHeld();
    const input = this.#paste.complete(line);
    if (input !== undefined && input.trim() !== '') this.handlers.onInput(input);
    this.#arrange();
  }

  #arrange(): void {
    if (this.#closed) return;
    const wanted = !this.#working || this.#readline.line !== '' || this.#paste.open;
    if (wanted && !this.#prompting) this.#showPrompt();
    if (!wanted && this.#prompting) {
      this.#erasePrompt();
      this.#flushHeld();
    }
  }

  #showPrompt(): void {
    if (this.#midLine) this.terminal.write('\n');
    this.#midLine = false;
    this.#prompting = true;
    this.#readline.prompt(true);
  }

  #erasePrompt(): void {
    if (!this.#prompting) return;
    moveCursor(this.terminal, 0, -this.#readline.getCursorPos().rows);
    cursorTo(this.terminal, 0);
    clearScreenDown(this.terminal);
    this.#prompting = false;
  }

  #write(text: string): void {
    if (text === '') return;
    if (!this.#prompting) {
      this.terminal.write(text);
      this.#midLine = !text.endsWith('\n');
      return;
    }
    const end = text.lastIndexOf('\n') + 1;
    const lines = end === 0 ? '' : this.#held + text.slice(0, end);
    this.#held = end === 0 ? this.#held + text : text.slice(end);
    if (lines !== '') this.#insertAbovePrompt(lines);
  }

  #insertAbovePrompt(lines: string): void {
    const { rows } = this.#readline.getCursorPos();
    this.#erasePrompt();
    // Readline goes up by as many rows as it believes to be below its prompt before it draws.
    this.terminal.write(lines + '\n'.repeat(rows));
    this.#prompting = true;
    this.#readline.prompt(true);
  }

  #flushHeld(): void {
    const held = this.#held;
    this.#held = '';
    if (held === '') return;
    this.terminal.write(held);
    this.#midLine = true;
  }
}
