import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * What tells a process from every other one that has or will have its pid: when it started, in the same words as the
 * service writes it into its file. Undefined when no such process runs.
 */
export async function identifyProcess(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return identifyByPs(pid);
  // After the program's name, which is in parentheses and may hold anything: 0 is the state, 19 the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${bootId.trim()}/${fields[19]}`;
}

/** Without /proc. */
async function identifyByPs(pid: number): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C' };
  const listed = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env });
  return (await listed.catch(() => undefined))?.stdout.trim() || undefined;
}
