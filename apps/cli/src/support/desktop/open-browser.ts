import { spawn } from 'node:child_process';
import { messageOf } from '../errors/cli-error.js';

/** Hands an address to the machine's own browser; resolves to what went wrong, if anything. */
export function openBrowser(url: string): Promise<string | undefined> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  return new Promise((resolve) => {
    child.once('spawn', () => {
      child.unref();
      resolve(undefined);
    });
    child.once('error', (error) => resolve(messageOf(error)));
  });
}
