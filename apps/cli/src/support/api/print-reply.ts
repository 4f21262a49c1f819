import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { escapeJson, plainJson, plainText } from '../terminal/plain-text.js';

/** A JSON reply, one key a line when `pretty`; a reply without a body prints nothing. */
export function printJson(text: string, pretty: boolean): void {
  if (text === '') return;
  process.stdout.write(`${pretty ? plainJson(JSON.parse(text), 2) : escapeJson(text)}\n`);
}

/** Any other reply as it comes: files, metrics, event streams. Byte for byte, unless a terminal shows it. */
export async function copyToStdout(reply: IncomingMessage): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const shown = (chunk: Buffer) => (process.stdout.isTTY ? plainText(decoder.write(chunk)) : chunk);
  for await (const chunk of reply) {
    if (!process.stdout.write(shown(chunk as Buffer))) await once(process.stdout, 'drain');
  }
}
