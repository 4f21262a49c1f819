import type { Session } from '#contracts';
import type { Client } from '../http/client.js';

/** Talks to a session: on the terminal when there is one, else line by line from stdin; `prompt` is said first. */
export async function attach(client: Client, session: Session, prompt?: string): Promise<void> {
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { talkOnTerminal } = await import('./interactive.js');
    return talkOnTerminal(client, session, prompt);
  }
  const { talkThroughPipe } = await import('./piped.js');
  if (!(await talkThroughPipe(client, session, prompt))) process.exitCode = 1;
}
