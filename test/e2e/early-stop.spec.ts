import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { processesNaming } from '../support/processes.js';
import { openShell, type UserShell } from '../support/shell.js';

const CLI = resolve(import.meta.dirname, '../../apps/cli/bin/raworc.mjs');

/** It answers with its version, and is never ready. */
const STUCK_NATS = `#!/bin/sh
[ "$1" = -v ] && exec echo "nats-server: v2.14.0"
exec tail -f "$2"
`;

describe('a service that is still starting', () => {
  let shell: UserShell;
  let start: ChildProcess;

  beforeEach(async () => {
    shell = await openShell();
    const natsServer = join(shell.home, '..', 'nats-server');
    await writeFile(natsServer, STUCK_NATS, { mode: 0o755 });
    const env = { ...shell.env, RAWORC_NATS_SERVER: natsServer };
    start = spawn(process.execPath, [CLI, 'start'], { env, stdio: 'ignore' });
    await eventually(hasStuck);
  });

  afterEach(async () => {
    start.kill('SIGKILL');
    for (const pid of await processesNaming(shell.home)) process.kill(Number(pid), 'SIGKILL');
    await shell.dispose();
  });

  const hasStuck = async () => (await processesNaming(join(shell.home, 'nats', 'nats.conf'))).length > 0;
  const isGone = async () => (await processesNaming(shell.home)).length === 0;

  it('is ended by raworc stop', async () => {
    const ended = once(start, 'exit');
    const { stdout } = await shell.run('raworc stop');
    expect(stdout).toBe('Raworc has stopped.\n');
    expect(await ended).toEqual([2, null]);
    await eventually(isGone);
  });

  it('is ended by raworc reset, which leaves nothing', async () => {
    const ended = once(start, 'exit');
    expect((await shell.run('raworc reset --yes')).exitCode).toBe(0);
    await ended;
    await eventually(isGone);
    expect(await readdir(shell.home)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with the command that began it, by %s',
    async (signal) => {
      start.kill(signal);
      expect(await once(start, 'exit')).toEqual([null, signal]);
      await eventually(isGone);
    },
  );
});
