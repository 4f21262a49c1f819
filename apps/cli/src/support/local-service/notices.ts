import { plainText } from '../terminal/plain-text.js';
import type { ServiceOutput } from './service-output.js';
import { copyable } from '../terminal/copyable.js';

/** For people; programs that read stderr get errors only. */
export function sayAtTerminal(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${plainText(copyable(text))}\n`);
}

/** Passes on what a starting service tells people, each line once. Resolves to whether there was something new. */
export function noticesOf(output: ServiceOutput): () => Promise<boolean> {
  let shown = 0;
  return async () => {
    const notices = await output.notices();
    notices.slice(shown).forEach(sayAtTerminal);
    const some = notices.length > shown;
    shown = notices.length;
    return some;
  };
}
