import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { raworc } from './raworc.js';

/**
 * Runs beside the tour, out of reach of its terminal's signals, and ends the tour's service and removes its home when
 * its input ends. It ends whenever the tour does, a kill -9 included, so nothing stays behind however the tour ends.
 */
const home = process.env['RAWORC_HOME'];
if (!home) throw new Error('RAWORC_HOME is not set.');

await once(process.stdin.resume(), 'close');
const exitCode = await raworc(['reset', '--yes'], { env: process.env, output: 'ignore' });
if (exitCode === 0) rmSync(home, { recursive: true, force: true });
process.exitCode = exitCode;
