import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ComputerError } from '../computer.js';
import { hasCode } from './errno.js';
import { Mutex } from './mutex.js';
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
  /** The number of the user and group that its files and processes are, where it has one of its own. */
  user: z.number().int().positive().optional(),
  /** What its processes may use, where the machine can limit that. */
  limits: z
    .object({ memoryMb: z.number().optional(), cpus: z.number().optional(), pids: z.number().optional() })
    .optional(),
  /** Leaders of what runs for the session, so that a later process of ours can end them. */
  processes: z.array(recordedProcess),
});

/** What `computer.json` holds. Environment values are secrets and never among it. */
export type ComputerRecord = z.infer<typeof computerRecord>;

/** The record of one computer on disk. Changes are made one after the other. */
export class RecordFile {
  private readonly lock = new Mutex();

  constructor(private readonly folder: SessionFolder) {}

  /** Undefined when there is no computer; throws `file_not_readable` when the record is damaged. */
  async read(): Promise<ComputerRecord | undefined> {
    const text = await readFile(this.folder.record, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    return text === undefined ? undefined : this.parse(text);
  }

  /** Throws `computer_not_found`. */
  async require(): Promise<ComputerRecord> {
    const record = await this.read();
    if (record) return record;
    throw new ComputerError('computer_not_found', `Session ${this.folder.sessionId} has no computer here.`);
  }

  /** Replaces the file in one step, so that a reader never sees half of it. */
  async write(record: ComputerRecord): Promise<void> {
    const temporary = `${this.folder.record}.${randomUUID()}`;
    await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, this.folder.record);
  }

  update(change: (record: ComputerRecord) => ComputerRecord): Promise<ComputerRecord> {
    return this.lock.run(async () => {
      const changed = change(await this.require());
      await this.write(changed);
      return changed;
    });
  }

  private parse(text: string): ComputerRecord {
    try {
      return computerRecord.parse(JSON.parse(text));
    } catch (cause) {
      const { record, sessionId } = this.folder;
      const message = `${record} is damaged. Destroy the computer of session ${sessionId}, or repair the file.`;
      throw new ComputerError('file_not_readable', message, { cause });
    }
  }
}

export function isDamagedRecord(error: unknown): boolean {
  return error instanceof ComputerError && error.code === 'file_not_readable';
}
