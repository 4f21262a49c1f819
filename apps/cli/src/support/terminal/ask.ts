import { createInterface } from 'node:readline';
import { stopLikeAJob } from './suspend.js';

/** Asks the person at the terminal, on stderr. Anything but yes is a no, and so are Ctrl-C and Ctrl-D. */
export async function askYesOrNo(question: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answered = stopLikeAJob(process.stdin, terminal, { resume: () => terminal.prompt(true) });
  terminal.once('close', () => resolve(''));
  terminal.setPrompt(`${question} [y/N] `);
  terminal.once('line', resolve);
  terminal.prompt();
  const answer = await promise;
  answered();
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
