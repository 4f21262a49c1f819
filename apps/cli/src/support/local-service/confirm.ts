import { usageError } from '../errors/cli-error.js';
import { askYesOrNo } from '../terminal/ask.js';

/** Asks the person at the terminal, on stderr. Without a terminal nobody can answer, which is wrong usage. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw usageError(
      'This asks before it goes on, and there is no terminal.',
      'Add --yes when you are sure.',
    );
  }
  return askYesOrNo(question);
}
