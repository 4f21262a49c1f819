import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors/cli-error.js';
import { writePrivateFile } from '../location/private-file.js';

/**
 * Shows an address in the machine's own browser; resolves to what went wrong, if anything. Every user of a machine can
 * read the arguments of a program, and an address with a ticket is a key. So the browser is given a file of the home,
 * which only its owner can read and which leads to the address.
 */
export async function openBrowser(url: string, home: string): Promise<string | undefined> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  // In the place of the one before, whose address has worked or is too old by now.
  const lead = join(home, 'open.html');
  try {
    writePrivateFile(lead, pageThatLeadsTo(url));
    const child = spawn(program, [pathToFileURL(lead).href], { stdio: 'ignore', detached: true });
    await once(child, 'spawn');
    child.unref();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function pageThatLeadsTo(url: string): string {
  const address = url.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><meta charset="utf-8"><title>Raworc</title><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${address}">\n`;
}
