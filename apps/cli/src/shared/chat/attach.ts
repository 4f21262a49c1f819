import type { Session } from '#contracts';
import type { Client } from '../http/client.js';

/** Talks to a session: on the terminal when there is one, else line by line from stdin. */
export async function attach(client: Client, session: Session): Promise<void> {
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { talkOnTerminal } = await import('./interactive.js');
    return talkOnTerminal(client, session);
  }
  const { talkThroughPipe } = await import('./piped.js');
  if (!(await talkThroughPipe(client, session))) process.exitCode = 1;
}
