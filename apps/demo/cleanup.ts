import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { raworc } from './raworc.js';

/**
 * Runs beside the tour, out of reach of its terminal's signals, and ends the tour's service and removes its home when
 * its input ends. It ends whenever the tour does, a kill -9 included, so nothing stays behind however the tour ends.
 *
 * Its input names the pid of each command that the tour runs, and 0 after it. A second pipe is open while the tour or
 * such a command runs, because a command that outlives a killed tour would start the service again.
 */
const home = process.env['RAWORC_HOME'];
if (!home) throw new Error('RAWORC_HOME is not set.');

const COMMANDS_FD = 3;
const commandsEnded = once(createReadStream('', { fd: COMMANDS_FD }).resume(), 'close');

const pids = (await text(process.stdin)).trim().split('\n').map(Number);
const running = pids.at(-1) ?? 0;
if (running > 0) process.kill(running, 'SIGTERM');
await commandsEnded;
const exitCode = await raworc(['reset', '--yes'], { env: process.env, output: 'ignore' });
if (exitCode === 0) rmSync(home, { recursive: true, force: true });
process.exitCode = exitCode;
