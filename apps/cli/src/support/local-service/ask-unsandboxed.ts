import { join } from 'node:path';
import { CliError } from '../errors/cli-error.js';
import { homePath, readConfigFile } from '../location/home.js';
import { writePrivateFile } from '../location/private-file.js';
import { askYesOrNo } from '../terminal/ask.js';
import { plainText } from '../terminal/plain-text.js';

/**
 * Does the work. When it fails because this machine has no sandbox for sessions, asks the person at the terminal
 * whether to go on without one, remembers a yes, and does the work again. Without a terminal nobody is asked.
 */
export async function askWhenUnsandboxed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'driver_unavailable' || !mayAsk()) throw error;
    process.stderr.write(`${plainText(error.message)}\n`);
    if (!(await askYesOrNo('Let Host run commands with your own rights, on this machine?'))) throw error;
  }
  remember();
  return work();
}

/** Who has chosen a driver gets that driver or nothing. */
function mayAsk(): boolean {
  const chosen = process.env.RAWORC_COMPUTERS || readConfigFile(homePath()).computers || 'auto';
  return chosen === 'auto' && process.stdin.isTTY && process.stdout.isTTY;
}

function remember(): void {
  const home = homePath();
  const file = join(home, 'config.json');
  const config = { ...readConfigFile(home), computers: 'local-unsafe' };
  writePrivateFile(file, `${JSON.stringify(config, null, 2)}\n`);
  process.stderr.write(`Remembered in ${file} ("computers": "local-unsafe").\n`);
}
