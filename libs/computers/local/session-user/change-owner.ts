import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * Gives a folder with all that is in it to a user, links themselves and not what they name. Modes stay. Only for
 * what no process of a session works on, because paths are followed.
 */
export async function changeOwner(path: string, user: number): Promise<void> {
  const privileged = await setuidEntries(path);
  // The program, because it is much faster for many files, and takes paths of any length.
  await run('chown', ['-hR', '--', `${user}:${user}`, path]);
  // A change of owner takes the setuid and setgid bits away.
  for (const entry of privileged) await chmod(entry.path, entry.mode);
}

async function setuidEntries(path: string): Promise<{ mode: number; path: Buffer }[]> {
  const tests = ['!', '-type', 'l', '-perm', '/6000'];
  const { stdout } = await run('find', [path, ...tests, '-printf', String.raw`%m\0%p\0`], {
    encoding: 'buffer',
    maxBuffer: MAX_OUTPUT,
  });
  const fields: Buffer[] = [];
  for (let from = 0, to = stdout.indexOf(0); to !== -1; from = to + 1, to = stdout.indexOf(0, from))
    fields.push(stdout.subarray(from, to));
  return fields.flatMap((field, index) => {
    const path = fields[index + 1];
    return index % 2 === 0 && path ? [{ mode: parseInt(field.toString(), 8), path }] : [];
  });
}
