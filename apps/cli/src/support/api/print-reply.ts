import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { plainJson } from '../terminal/plain-text.js';

/** A JSON reply, one key a line when `pretty`; a reply without a body prints nothing. */
export function printJson(text: string, pretty: boolean): void {
  if (text === '') return;
  process.stdout.write(`${pretty ? plainJson(JSON.parse(text), 2) : text}\n`);
}

/** Any other reply byte for byte, as it comes: files, metrics, event streams. */
export async function copyToStdout(reply: IncomingMessage): Promise<void> {
  for await (const chunk of reply) {
    if (!process.stdout.write(chunk as Buffer)) await once(process.stdout, 'drain');
  }
}
