import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors/cli-error.js';

/**
 * Shows an address in the machine's own browser; resolves to what went wrong, if anything. What a program is started
 * with can be read by every user of a machine, and an address with a ticket is a key: so the browser is given a file of
 * the home, which only its owner can read, and that leads on.
 */
export function openBrowser(url: string, home: string): Promise<string | undefined> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [pathToFileURL(writeLead(url, home)).href], {
    stdio: 'ignore',
    detached: true,
  });
  return new Promise((resolve) => {
    child.once('spawn', () => {
      child.unref();
      resolve(undefined);
    });
    child.once('error', (error) => resolve(messageOf(error)));
  });
}

/** In the place of the one before, whose address has worked or is too old by now. */
function writeLead(url: string, home: string): string {
  const path = join(home, 'open.html');
  const draft = `${path}.${process.pid}.draft`;
  const address = url.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const page = `<!doctype html><meta charset="utf-8"><title>Raworc</title><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${address}">\n`;
  writeFileSync(draft, page, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
  return path;
}
