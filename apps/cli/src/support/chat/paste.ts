import type { Key } from 'node:readline';

/** Bracketed paste: a pasted text of several lines is one input. */
export class Paste {
  #pasting = false;
  #lines: string[] = [];

  constructor(private readonly terminal: NodeJS.WritableStream) {
    this.start();
  }

  /** Whether lines wait for their end. */
  get open(): boolean {
    return this.#lines.length > 0;
  }

  /** Notes where a paste begins and ends; true for these marks, which are no keys. */
  note({ name }: Key): boolean {
    if (name === 'paste-start') this.#pasting = true;
    if (name === 'paste-end') this.#pasting = false;
    return name === 'paste-start' || name === 'paste-end';
  }

  /** Adds a line; the whole input when this was its end. */
  complete(line: string): string | undefined {
    this.#lines.push(line);
    if (this.#pasting) return undefined;
    return this.#lines.splice(0).join('\n');
  }

  discard(): void {
    this.#lines = [];
  }

  start(): void {
    this.terminal.write('\x1b[?2004h');
  }

  stop(): void {
    this.terminal.write('\x1b[?2004l');
  }
}
