import { readdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { systemErrorCode } from '../errors.js';
import { parseJson } from '../json.js';
import type { Home } from './home.js';
import { HomeError } from './home-error.js';
import { createPrivateFile, readIfExists, replacePrivateFile } from './private-file.js';
import { identifyProcess } from './process-identity.js';

/** Proof that this process is the only service of a home. */
export interface HomeLock {
  release(): Promise<void>;
}

/** The home, and which of its locks. */
type LockedHome = Pick<Home, 'root' | 'lockFile'>;

const ownerSchema = z.object({ pid: z.int().positive(), identity: z.string() });
type Owner = z.infer<typeof ownerSchema>;

const RELEASED = '{"released":true}\n';

/**
 * Makes this process the one service of the home. A lock that a dead process left is taken over.
 *
 * The lock is a row of numbered files; the highest one names the owner. A start takes the next number, which only
 * one can create, and files of lower numbers are removed by the owner of a higher one alone. So the highest number
 * never goes down, and a slow start that took an outdated number sees a higher one and steps back.
 * @throws {HomeError} `home_in_use`, naming the process that has it.
 */
export async function lockHome(home: LockedHome): Promise<HomeLock> {
  const self = { pid: process.pid, identity: (await identifyProcess(process.pid)) ?? 'unknown' };
  for (;;) {
    const taken = (await listNumbers(home)).at(-1) ?? 0;
    const owner = await readLivingOwner(fileOf(home, taken));
    if (owner) throw inUse(home, owner);

    const own = taken + 1;
    if (!(await createPrivateFile(fileOf(home, own), `${JSON.stringify(self)}\n`))) continue;
    const numbers = await listNumbers(home);
    if (numbers.at(-1) === own) {
      await Promise.all(numbers.slice(0, -1).map((number) => removeFile(fileOf(home, number))));
      return { release: () => replacePrivateFile(fileOf(home, own), RELEASED) };
    }
    await removeFile(fileOf(home, own));
  }
}

/** The pid of the service that has this home now, if one runs. */
export async function findHomeOwner(home: LockedHome): Promise<number | undefined> {
  const newest = (await listNumbers(home)).at(-1) ?? 0;
  return (await readLivingOwner(fileOf(home, newest)))?.pid;
}

function fileOf(home: LockedHome, number: number): string {
  return `${home.lockFile}.${number}`;
}

/** Ascending. */
async function listNumbers(home: LockedHome): Promise<number[]> {
  const prefix = `${basename(home.lockFile)}.`;
  const names = await readdir(dirname(home.lockFile));
  const suffixes = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return suffixes
    .filter((suffix) => /^\d+$/.test(suffix))
    .map(Number)
    .sort((a, b) => a - b);
}

async function readLivingOwner(file: string): Promise<Owner | undefined> {
  const text = await readIfExists(file);
  if (text === undefined) return undefined;
  const owner = ownerSchema.safeParse(parseJson(text));
  if (!owner.success) return undefined;
  const identity = await identifyProcess(owner.data.pid);
  return identity === owner.data.identity ? owner.data : undefined;
}

async function removeFile(file: string): Promise<void> {
  await unlink(file).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  });
}

function inUse(home: LockedHome, owner: Owner): HomeError {
  return new HomeError(
    'home_in_use',
    `A Raworc service already runs on ${home.root} (process ${owner.pid}). Stop it with \`raworc stop\`, or give this one another RAWORC_HOME and RAWORC_PORT.`,
  );
}
