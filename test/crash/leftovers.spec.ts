import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bubblewrapProblem } from '#computers';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { eventually } from '../support/eventually.js';
import { serviceOf } from '../support/events.js';
import { openShell, type UserShell } from '../support/shell.js';

const MAIN = resolve(import.meta.dirname, '../../dist/apps/service/main.js');
/** Hears no signal but one, and holds on to the pipe that its output goes to, until the session's folder is gone. */
const LEAVE = `setsid nohup bash -c 'trap "" TERM HUP INT QUIT; touch data/left; while [ -d data ]; do sleep 1; done' & until [ -e data/left ]; do sleep 0.05; done`;
/** The same, with nobody above it who could tell whose it is. */
const LEAVE_ORPHAN = `(${LEAVE.replace('data/left', 'data/orphan').replaceAll('data/left', 'data/orphan')})`;

const problem = await bubblewrapProblem();
const DRIVERS = ['local-unsafe', ...(problem === undefined ? ['local'] : [])];
if (problem !== undefined)
  process.stderr.write(`not run in a sandbox, because ${problem}: what sessions leave\n`);

describe.each(DRIVERS)(
  'a service with computers of the driver %s, in which programs do not end',
  (driver) => {
    let model: ScriptedModel;
    let shell: UserShell;
    beforeEach(async () => {
      model = await startScriptedModel([
        {
          replies: [
            [{ type: 'tool_use', name: 'bash', input: { command: `${LEAVE}; ${LEAVE_ORPHAN}; echo left` } }],
            [{ type: 'text', text: 'Done.' }],
          ],
        },
      ]);
      shell = await openShell({
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'k',
        RAWORC_COMPUTERS: driver,
      });
      await shell.json(`raworc api 'sessions?wait=idle' -m post -b '{"name":"left"}'`);
      const asked = `raworc api 'sessions/left/messages?wait=reply' -m post -b '{"content":"leave"}'`;
      expect(await shell.json(asked)).toMatchObject({ content: 'Done.' });
    });
    afterEach(async () => {
      await shell.dispose();
      await model.stop();
    });

    it('stops when it is asked to', async () => {
      const { pid } = await serviceOf(shell);
      expect(await shell.run('raworc stop')).toMatchObject({ exitCode: 0 });
      expect(runs(pid)).toBe(false);
      expect(existsSync(join(shell.home, 'service.json'))).toBe(false);
    }, 60_000);

    it('ends at a signal', async () => {
      const { pid } = await serviceOf(shell);
      process.kill(pid, 'SIGTERM');
      await eventually(async () => !runs(pid));
      expect(existsSync(join(shell.home, 'service.json'))).toBe(false);
    }, 60_000);
  },
);

it('a service ends after its shutdown, whatever still holds its event loop', async () => {
  const shell = await openShell({ ANTHROPIC_API_KEY: 'k' });
  try {
    const hold = '--import=data:text/javascript,setInterval(()=>{},1000)';
    const service = spawn(process.execPath, [hold, MAIN], { env: shell.env, stdio: 'ignore' });
    const ended = once(service, 'exit');
    await eventually(async () => existsSync(join(shell.home, 'service.json')));
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    await shell.dispose();
  }
}, 60_000);

/** One that has ended, and that nobody has asked for yet, does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
