import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ComputerError, type CopyParts, type SnapshotInfo } from '../../computer.js';
import { volumeMount } from '../container/container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { callInHelper } from '../engine/helper.js';
import { type Answer, programArgv } from './inside-call.js';
import { TREES, type TreesRequest } from '../inside/trees.js';
import { LABELS } from '../engine/naming.js';

const SNAPSHOT_ID = /^[0-9a-z]{9}-[0-9a-f-]{36}$/;
const size = z.object({ files: z.number().int(), bytes: z.number().int() });
const known = z.object({ known: z.boolean() });
const taken = size.extend({ digest: z.string(), changed: z.number().int() });

/** Copies what changed since the last snapshot; what did not is a hard link to that snapshot's copy. */
export async function takeSnapshot(computer: DockerComputer): Promise<SnapshotInfo> {
  const snapshotId = `${Date.now().toString(36).padStart(9, '0')}-${randomUUID()}`;
  await makeSnapshotVolume(computer, snapshotId);
  const { header } = await callTrees(computer, { verb: 'snapshot', id: snapshotId }, [
    volumeMount(computer.names.volume, '/session', true),
    volumeMount(computer.names.snapshots, '/snapshots'),
  ]);
  return { snapshotId, ...taken.parse(header) };
}

/** The container must stand still: programs would go on with files that are taken away. */
export async function restoreFromSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  await callTrees(computer, { verb: 'restore', id: snapshotId }, [
    volumeMount(computer.names.volume, '/session'),
    volumeMount(computer.names.snapshots, '/snapshots', true),
  ]);
}

/** Replaces a computer's files by those of another one. Logs stay behind: they tell of the other session. */
export async function copyFiles(
  computer: DockerComputer,
  source: DockerComputer,
  snapshotId: string | undefined,
  parts: CopyParts,
): Promise<{ files: number; bytes: number }> {
  if (snapshotId !== undefined) await makeSnapshotVolume(source, snapshotId);
  const from =
    snapshotId === undefined
      ? volumeMount(source.names.volume, '/source', true)
      : volumeMount(source.names.snapshots, '/snapshots', true);
  const request: TreesRequest = { verb: 'copy', id: snapshotId, parts };
  const { header } = await callTrees(computer, request, [
    volumeMount(computer.names.volume, '/session'),
    from,
  ]);
  if (snapshotId !== undefined && known.safeParse(header).success) throw missing(source, snapshotId);
  return size.parse(header);
}

/** Before anything is touched or ended. */
export async function requireSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  await makeSnapshotVolume(computer, snapshotId);
  if (!(await hasSnapshot(computer, snapshotId))) throw missing(computer, snapshotId);
}

async function hasSnapshot(computer: DockerComputer, snapshotId: string): Promise<boolean> {
  const { header } = await callTrees(computer, { verb: 'known', id: snapshotId }, [
    volumeMount(computer.names.snapshots, '/snapshots', true),
  ]);
  return known.parse(header).known;
}

/** The volume is there without any snapshot too, for a helper to look into. */
async function makeSnapshotVolume(computer: DockerComputer, snapshotId: string): Promise<void> {
  if (!SNAPSHOT_ID.test(snapshotId)) throw missing(computer, snapshotId);
  await computer.require();
  const { engine, names } = computer;
  await engine.docker.createVolume({
    Name: names.snapshots,
    Labels: { [LABELS.managed]: 'true', [LABELS.home]: engine.home, [LABELS.snapshots]: names.sessionId },
  });
}

async function callTrees(
  computer: DockerComputer,
  request: TreesRequest,
  mounts: ReturnType<typeof volumeMount>[],
): Promise<Answer> {
  const { settings } = await computer.require();
  return callInHelper(computer.engine, computer.names, programArgv(TREES, request), {
    // As it was before the session could change what is in it: it must not write its own history.
    image: settings.namedImage,
    mounts,
    root: true,
    doing: 'copying',
    subject: `files of session ${computer.names.sessionId}`,
  });
}

function missing({ names }: DockerComputer, snapshotId: string): ComputerError {
  return new ComputerError(
    'snapshot_not_found',
    `Session ${names.sessionId} has no snapshot "${snapshotId}" here.`,
  );
}
