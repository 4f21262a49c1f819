import { paint } from '../terminal/paint.js';
import { plainText } from '../terminal/plain-text.js';
import type { Output, Tone } from './output.js';
import { toneOf } from './tone.js';

/** Replies on stdout, exactly as they are unless it is a terminal; everything else on stderr. */
export class PipedOutput implements Output {
  /** A whole reply is exact; pieces may have gaps. */
  readonly live = false;
  readonly #color = paint(process.stderr);
  #last = '\n';

  reply(text: string): void {
    process.stdout.write(this.#shown(text));
    this.#last = text.at(-1) ?? this.#last;
  }

  endReply(): void {
    if (this.#last !== '\n') process.stdout.write('\n');
    this.#last = '\n';
  }

  note(line: string, tone: Tone = 'plain'): void {
    process.stderr.write(`${toneOf(tone, this.#color)(plainText(line))}\n`);
  }

  answer(text: string): void {
    process.stdout.write(`${this.#shown(text)}\n`);
  }

  #shown(text: string): string {
    return process.stdout.isTTY ? plainText(text) : text;
  }
}
