import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ComputerError } from '../computer.js';
import { hasCode } from './errno.js';
import type { SessionFolder } from './session-folder.js';

const recordedProcess = z.object({
  pid: z.number().int().positive(),
  start_ticks: z.number().int().nonnegative(),
  boot_id: z.string(),
});

const computerRecord = z.object({
  version: z.literal(1),
  session_id: z.string(),
  driver: z.string(),
  created_at: z.string(),
  running: z.boolean(),
  image: z.string().optional(),
  /** Leaders of what runs for the session, so that a later process of ours can end them. */
  processes: z.array(recordedProcess),
});

/** What `computer.json` holds. Environment values are secrets and never among it. */
export type ComputerRecord = z.infer<typeof computerRecord>;
export type RecordedProcess = z.infer<typeof recordedProcess>;

export async function readRecord(folder: SessionFolder): Promise<ComputerRecord | undefined> {
  const text = await readFile(folder.record, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return computerRecord.parse(JSON.parse(text));
  } catch (cause) {
    throw new ComputerError(
      'file_not_readable',
      `${folder.record} is damaged. Destroy the computer of session ${folder.sessionId}, or repair the file.`,
      { cause },
    );
  }
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export async function writeRecord(folder: SessionFolder, record: ComputerRecord): Promise<void> {
  const temporary = `${folder.record}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, folder.record);
}
