import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from '../errors.js';

const run = promisify(execFile);

/**
 * Something that no other process has, even one that later gets the same pid: when it started. Undefined when no
 * such process runs.
 */
export async function identifyProcess(pid: number): Promise<string | undefined> {
  if (!isSignalable(pid)) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? identifyByPs(pid) : identifyByStat(stat);
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

async function identifyByStat(stat: string): Promise<string | undefined> {
  // After the program's name, which is in parentheses and may hold anything: 0 is the state, 19 the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isZombie = fields[0] === 'Z' || fields[0] === 'X';
  if (isZombie) return undefined;
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${bootId.trim()}/${fields[19]}`;
}

async function identifyByPs(pid: number): Promise<string | undefined> {
  try {
    return (
      await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } })
    ).stdout.trim();
  } catch {
    // Without a way to tell, the pid alone must do: refusing a start is better than two services on one log.
    return isSignalable(pid) ? 'unknown' : undefined;
  }
}
