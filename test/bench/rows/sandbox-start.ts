import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrapProblem, createLocalComputers } from '#computers';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench } from '../row.js';

const ID = 'bench';
const LIMITS = { timeoutMs: 60_000, maxOutputBytes: 1024 };

/** The folders of the system and one of the session's, and the namespaces of a sandbox: no user, filter or group. */
const BARE = [
  ...['--unshare-all', '--die-with-parent', '--new-session', '--ro-bind', '/usr', '/usr'],
  ...['--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
  ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
];

/** A program in a session's sandbox, with its user, filter, limits and output, beside one that bubblewrap just starts. */
export const sandboxStart: Bench = {
  name: 'sandbox start',
  measure: async ({ quick }) => {
    if ((await bubblewrapProblem()) !== undefined) return [];
    const root = await mkdtemp(join(tmpdir(), 'raworc-bench-'));
    const computers = createLocalComputers({
      root,
      mode: 'bubblewrap',
      limits: { memoryMb: 512, pids: 100 },
    });
    try {
      await computers.create({ sessionId: ID });
      await computers.start(ID);
      const rounds = await inTurns(quick ? 3 : 40, {
        ours: () => timeOf(() => computers.exec(ID, ['true'], LIMITS)),
        bare: () => timeOf(startBare),
      });
      const over = rounds.ours.map((took, index) => took - (rounds.bare[index] ?? 0));
      return [
        {
          path: 'start of a sandboxed program, beyond bubblewrap’s own',
          unit: 'ms',
          bareIs: 'bwrap alone',
          bars: [{ of: 'ours', atMost: 15 }],
          ours: over,
          bare: rounds.bare,
        },
      ];
    } finally {
      await computers.destroy(ID);
      await computers.dispose();
      await rm(root, { recursive: true, force: true });
    }
  },
};

async function startBare(): Promise<void> {
  const child = spawn('bwrap', [...BARE, '--', '/bin/bash', '-c', 'true'], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`bwrap ended with ${code}.`);
}
