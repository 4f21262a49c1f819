/**
 * Turns pieces of replies and whole replies into text to print, so that each is printed once: pieces at once, and of
 * the whole only what its pieces left out.
 */
export class ReplyText {
  #messageId: string | undefined;
  #printed = '';

  /** What to print for a piece. */
  piece(messageId: string, text: string): string {
    if (messageId !== this.#messageId) [this.#messageId, this.#printed] = [messageId, ''];
    this.#printed += text;
    return text;
  }

  /** What is left to print when the whole is there. */
  whole(messageId: string, text: string): string {
    const printed = messageId === this.#messageId ? this.#printed : '';
    [this.#messageId, this.#printed] = [undefined, ''];
    if (text.startsWith(printed)) return text.slice(printed.length);
    // Pieces got lost on the way. What is on the log counts, so it is printed from its beginning.
    return `\n${text}`;
  }
}
