import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ComputerError, type CopiedFiles, type CopyParts, type SnapshotInfo } from '../../computer.js';
import { volumeMount } from '../container/container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { callInHelper } from '../engine/helper.js';
import { TREES, type TreesRequest } from '../inside/trees.js';
import { helperArgv } from '../processes/persistent-helper.js';
import { makeSnapshotVolume } from './snapshot-volume.js';

const SNAPSHOT_ID = /^[0-9a-z]{9}-[0-9a-f-]{36}$/;
const size = z.object({ files: z.number().int(), bytes: z.number().int() });
const known = z.object({ known: z.boolean() });
const taken = size.extend({
  digest: z.string(),
  changed: z.object({ added: z.int(), modified: z.int(), removed: z.int() }),
});

/** Copies what changed since the last snapshot; what did not is a hard link to that snapshot's copy. */
export async function takeSnapshot({ snapshots }: DockerComputer): Promise<SnapshotInfo> {
  const snapshotId = `${Date.now().toString(36).padStart(9, '0')}-${randomUUID()}`;
  const answer = await snapshots.call({ verb: 'snapshot', snapshot: snapshotId });
  const nothing = {
    lines: { added: 0, removed: 0 },
    skipped: [],
    skippedTotal: 0,
    pausedMs: 0,
    storedBytes: 0,
  };
  return { snapshotId, ...nothing, ...taken.parse(answer) };
}

/** The container must stand still: programs would go on with files that are taken away. */
export async function restoreFromSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  await fillFiles(
    computer,
    { verb: 'restore', snapshot: snapshotId },
    volumeMount(computer.names.snapshots, '/snapshots', true),
  );
}

/** Replaces a computer's files by those of another one. Logs stay behind: they tell of the other session. */
export async function copyFiles(
  computer: DockerComputer,
  source: DockerComputer,
  snapshotId: string | undefined,
  parts: CopyParts,
): Promise<CopiedFiles> {
  if (snapshotId !== undefined) {
    requireId(source, snapshotId);
    await makeSnapshotVolume(source);
  }
  const from =
    snapshotId === undefined
      ? volumeMount(source.names.volume, '/source', true)
      : volumeMount(source.names.snapshots, '/snapshots', true);
  const answer = await fillFiles(computer, { verb: 'copy', snapshot: snapshotId, parts }, from);
  if (snapshotId !== undefined && known.safeParse(answer).success) throw missing(source, snapshotId);
  return { ...size.parse(answer), skipped: [], skippedTotal: 0 };
}

/** Before anything is touched or ended. */
export async function requireSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  requireId(computer, snapshotId);
  const answer = await computer.snapshots.call({ verb: 'known', snapshot: snapshotId });
  if (!known.parse(answer).known) throw missing(computer, snapshotId);
}

async function fillFiles(
  computer: DockerComputer,
  request: TreesRequest,
  from: ReturnType<typeof volumeMount>,
): Promise<unknown> {
  const { settings } = await computer.require();
  const { body } = await callInHelper(computer.engine, computer.names, helperArgv(TREES), {
    // As it was before the session could change what is in it.
    image: settings.namedImage,
    mounts: [volumeMount(computer.names.volume, '/session'), from],
    root: true,
    stdin: [Buffer.from(`${JSON.stringify(request)}\n`)],
    doing: 'copying',
    subject: `files of session ${computer.names.sessionId}`,
  });
  return JSON.parse(body.toString('utf8'));
}

function requireId(computer: DockerComputer, snapshotId: string): void {
  if (!SNAPSHOT_ID.test(snapshotId)) throw missing(computer, snapshotId);
}

function missing({ names }: DockerComputer, snapshotId: string): ComputerError {
  return new ComputerError(
    'snapshot_not_found',
    `Session ${names.sessionId} has no snapshot "${snapshotId}" here.`,
  );
}
