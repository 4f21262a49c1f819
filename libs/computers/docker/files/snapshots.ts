import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  ComputerError,
  SKIP_REASONS,
  type CopiedFiles,
  type CopyParts,
  type SnapshotEntry,
  type SnapshotInfo,
} from '../../computer.js';
import { DEFAULT_MAX_BYTES } from '../../local/computer-files.js';
import { SNAPSHOT_ID, SNAPSHOT_LIMITS } from '../../snapshot-format.js';
import { volumeMount } from '../container/container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { callInHelper } from '../engine/helper.js';
import { STORE_PROGRAM, type StoreRequest } from '../inside/store/index.js';
import type { Frame } from '../processes/frame-reader.js';
import { helperArgv } from '../processes/persistent-helper.js';
import type { AskStore } from './snapshot-helper.js';
import { makeSnapshotVolume } from './snapshot-volume.js';

/** Seconds that a snapshot may take, and that files may be copied while the computer is paused. */
const SECONDS = { whole: 300, paused: 2 };
const ROOM = { entries: SNAPSHOT_LIMITS.entries, written_bytes: SNAPSHOT_LIMITS.writtenBytes };
const LISTING_BYTES = 1 << 30;

const skipped = z.array(z.object({ path: z.string(), why: z.enum(SKIP_REASONS) }));
const size = { files: z.int(), bytes: z.int(), skipped, skipped_total: z.int() };
const begun = z.object({ pause: z.boolean() });
const known = z.object({ known: z.boolean() });
const copied = z.object(size);
const taken = z.object({
  ...size,
  digest: z.string(),
  changed: z.object({ added: z.int(), modified: z.int(), removed: z.int() }),
  lines: z.object({ added: z.int(), removed: z.int() }),
  stored: z.int(),
});
const deleted = z.object({ snapshots: z.int(), bytes: z.int() });
const entries = z.array(
  z.object({
    path: z.string(),
    type: z.enum(['file', 'directory', 'link', 'fifo']),
    mode: z.int(),
    size: z.int(),
    sha256: z.string().optional(),
    target: z.string().optional(),
  }),
);

/** Keeps the contents that the store does not have, and writes down what is different from the last snapshot. */
export function takeSnapshot(computer: DockerComputer, signal?: AbortSignal): Promise<SnapshotInfo> {
  return capture(computer, newSnapshotId(), false, signal);
}

/** The container must stand still: programs would go on with files that are taken away. */
export async function restoreFromSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  const store = volumeMount(computer.names.snapshots, '/snapshots', true);
  await fillFiles(computer, { verb: 'restore', snapshot: snapshotId }, store);
}

/** Replaces a computer's files by those of another one. Logs stay behind: they tell of the other session. */
export async function copyFiles(
  computer: DockerComputer,
  source: DockerComputer,
  snapshotId: string | undefined,
  parts: CopyParts,
): Promise<CopiedFiles> {
  if (snapshotId === undefined) return copyFilesOfNow(computer, source, parts);
  requireId(source, snapshotId);
  await makeSnapshotVolume(source);
  const store = volumeMount(source.names.snapshots, '/source', true);
  return copyFrom(computer, source, { verb: 'copy', snapshot: snapshotId, parts }, store);
}

/** Before anything is touched or ended. */
export async function requireSnapshot(computer: DockerComputer, snapshotId: string): Promise<void> {
  requireId(computer, snapshotId);
  const isKnown = await computer.snapshots.run(async (ask) =>
    known.parse(parsed(await ask({ verb: 'known', snapshot: snapshotId }))),
  );
  if (!isKnown.known) throw missing(computer, snapshotId);
}

export async function listSnapshotEntries(
  computer: DockerComputer,
  snapshotId: string,
): Promise<SnapshotEntry[]> {
  const request: StoreRequest = { verb: 'list', snapshot: snapshotId };
  return entries.parse(parsed(await query(computer, snapshotId, request, LISTING_BYTES)));
}

export async function readSnapshotFile(
  computer: DockerComputer,
  snapshotId: string,
  path: string,
  max = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  const request: StoreRequest = { verb: 'read', snapshot: snapshotId, path, max };
  return (await query(computer, snapshotId, request, max)).body;
}

export async function deleteSnapshots(
  computer: DockerComputer,
  keep: ReadonlySet<string>,
): Promise<{ snapshots: number; bytes: number }> {
  return computer.snapshots.run(async (ask) =>
    deleted.parse(parsed(await ask({ verb: 'keep_only', keep: [...keep] }))),
  );
}

async function capture(
  computer: DockerComputer,
  snapshotId: string,
  unrecorded: boolean,
  signal?: AbortSignal,
): Promise<SnapshotInfo> {
  return computer.snapshots.run(
    async (ask, running) => {
      const pausedMs = await look(computer, ask, running);
      const answer = await ask({ verb: 'commit', snapshot: snapshotId, unrecorded });
      const { skipped_total, stored, ...rest } = taken.parse(parsed(answer));
      return {
        snapshotId,
        ...rest,
        skippedTotal: skipped_total,
        pausedMs: Math.round(pausedMs),
        storedBytes: stored,
      };
    },
    { signal },
  );
}

/** Gives the milliseconds for which the computer was paused. */
async function look(computer: DockerComputer, ask: AskStore, running: boolean): Promise<number> {
  const { whole: seconds, paused: paused_seconds } = SECONDS;
  const first = await ask({ verb: 'begin', running, seconds, paused_seconds, room: ROOM });
  if (!begun.parse(parsed(first)).pause) return 0;
  return computer.pauses.during(async () => void (await ask({ verb: 'look_paused' })));
}

/** From a snapshot that is made for this, so that a source which works is copied as it is at one moment. */
async function copyFilesOfNow(
  computer: DockerComputer,
  source: DockerComputer,
  parts: CopyParts,
): Promise<CopiedFiles> {
  const snapshotId = `copy-${randomUUID()}`;
  const now = await source.lifecycle.run(() => capture(source, snapshotId, true));
  try {
    const store = volumeMount(source.names.snapshots, '/source', true);
    const result = await copyFrom(computer, source, { verb: 'copy', snapshot: snapshotId, parts }, store);
    return {
      ...result,
      skipped: [...now.skipped, ...result.skipped].slice(0, 100),
      skippedTotal: now.skippedTotal + result.skippedTotal,
    };
  } finally {
    await source.snapshots.run((ask) => ask({ verb: 'forget_copy', snapshot: snapshotId }));
  }
}

async function copyFrom(
  computer: DockerComputer,
  source: DockerComputer,
  request: StoreRequest & { verb: 'copy' },
  store: ReturnType<typeof volumeMount>,
): Promise<CopiedFiles> {
  const answer = await fillFiles(computer, request, store);
  if (isMissing(answer)) throw missing(source, request.snapshot);
  const { skipped_total: skippedTotal, ...rest } = copied.parse(parsed(answer));
  return { ...rest, skippedTotal };
}

async function query(
  computer: DockerComputer,
  snapshotId: string,
  request: StoreRequest,
  maxBytes: number,
): Promise<Frame> {
  requireId(computer, snapshotId);
  const doing = { doing: 'reading', subject: 'path' in request ? request.path : `snapshot ${snapshotId}` };
  const answer = await computer.snapshots.run((ask) => ask(request, maxBytes), { lingers: true, doing });
  if (isMissing(answer)) throw missing(computer, snapshotId);
  return answer;
}

function fillFiles(
  computer: DockerComputer,
  request: StoreRequest,
  store: ReturnType<typeof volumeMount>,
): Promise<Pick<Frame, 'body'> & { header: unknown }> {
  return computer.require().then(({ settings }) =>
    callInHelper(computer.engine, computer.names, helperArgv(STORE_PROGRAM), {
      // As it was before the session could change what is in it.
      image: settings.namedImage,
      mounts: [volumeMount(computer.names.volume, '/session'), store],
      root: true,
      stdin: [Buffer.from(`${JSON.stringify(request)}\n`)],
      doing: 'copying',
      subject: `files of session ${computer.names.sessionId}`,
    }),
  );
}

function parsed({ body }: { body: Buffer }): unknown {
  return JSON.parse(body.toString('utf8'));
}

function isMissing({ header }: { header: unknown }): boolean {
  return typeof header === 'object' && header !== null && 'missing' in header;
}

function newSnapshotId(): string {
  return `${Date.now().toString(36).padStart(9, '0')}-${randomUUID()}`;
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
