/** How loud a line is. */
export type Tone = 'plain' | 'dim' | 'tool' | 'good' | 'bad';

/** Where a conversation is shown. */
export interface Output {
  /** Whether pieces of a reply are shown as they come. */
  readonly live: boolean;
  /** Host's words; they need not end with a line. */
  reply(text: string): void;
  /** Ends the reply's last line. */
  endReply(): void;
  /** A line about what happens. */
  note(line: string, tone?: Tone): void;
  /** An answer to what the person asked for. */
  answer(text: string): void;
}
