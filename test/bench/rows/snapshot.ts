import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLocalComputers, type Computers, type SnapshotInfo } from '#computers';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench, Measured } from '../row.js';

const run = promisify(execFile);
const ID = 'bench';
const LIMITS = { timeoutMs: 120_000, maxOutputBytes: 1024 };

/** A turn's snapshot of a large tree of which little changed, beside a program that looks at the same tree once. */
export const snapshots: Bench = {
  name: 'snapshot',
  measure: async ({ quick }) => [
    ...(await ofTree(quick ? 1_000 : 20_000, async ({ take, look }) => {
      const stored: number[] = [];
      const rounds = await inTurns(quick ? 2 : 11, {
        ours: async () => {
          const { took, info } = await take();
          stored.push(info.storedBytes / 1024);
          return took;
        },
        bare: look,
      });
      const ours = stored.slice(-rounds.ours.length);
      return [
        {
          path: `snapshot of ${quick ? '1,000' : '20,000'} files, 3 changed`,
          unit: 'ms',
          bareIs: 'find -newer',
          bars: [{ of: 'ratio', atMost: 1.5 }],
          ...rounds,
        },
        {
          path: 'what that snapshot stores',
          unit: 'KiB',
          bareIs: 'the 3 changed files',
          bars: [{ of: 'ours', atMost: 64 }],
          ours,
          bare: ours.map(() => (3 * CONTENT) / 1024),
        },
      ];
    })),
    ...(await ofTree(2_000, async ({ take, look }) => {
      const rounds = await inTurns(quick ? 2 : 11, {
        ours: async () => (await take()).info.pausedMs,
        bare: look,
      });
      const bars: Measured['bars'] = [{ of: 'ours', atMost: 50 }];
      return [{ path: 'pause for 2,000 files', unit: 'ms', bareIs: 'find -newer', bars, ...rounds }];
    })),
  ],
};

const CONTENT = 200;
const PER_FOLDER = 100;

interface Tree {
  /** Changes three files, and takes a snapshot. */
  take: () => Promise<{ took: number; info: SnapshotInfo }>;
  /** Milliseconds of a walk with a stat of each entry. */
  look: () => Promise<number>;
}

async function ofTree(files: number, measure: (tree: Tree) => Promise<Measured[]>): Promise<Measured[]> {
  const root = await mkdtemp(join(tmpdir(), 'raworc-bench-'));
  const computers = createLocalComputers({ root, mode: 'unsafe' });
  try {
    await computers.create({ sessionId: ID });
    await computers.start(ID);
    const content = 'x'.repeat(CONTENT);
    const fill = `for d in {1..${files / PER_FOLDER}}; do mkdir -p code/$d; for f in {1..${PER_FOLDER}}; do echo ${content} > code/$d/$f; done; done`;
    await bash(computers, fill);
    const reference = join(root, 'reference');
    await writeFile(reference, '');
    await computers.snapshot(ID);
    return await measure({
      take: async () => {
        // Later than the clock of the files can lag behind, so that none is read twice.
        await bash(computers, 'for d in 1 2 3; do echo $RANDOM >> code/$d/7; done; sleep 0.1');
        let info: SnapshotInfo | undefined;
        const took = await timeOf(async () => (info = await computers.snapshot(ID)));
        if (info === undefined) throw new Error('no snapshot was taken');
        return { took, info };
      },
      look: () => timeOf(() => run('find', [join(root, ID, 'files'), '-newer', reference, '-size', '+1G'])),
    });
  } finally {
    await computers.destroy(ID);
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  }
}

async function bash(computers: Computers, command: string): Promise<void> {
  const shell = await computers.shell(ID);
  const { exitCode, output } = await shell.run(command, LIMITS);
  if (exitCode !== 0) throw new Error(`The bench could not prepare its files: ${output}`);
}
