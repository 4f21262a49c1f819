import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf } from '../errors.js';
import { NatsError } from './nats-error.js';

const TERM_DEADLINE_MS = 5000;
const KILL_DEADLINE_MS = 5000;

/**
 * Ends every nats-server that runs with this configuration file: one whose service was killed lives on, and a
 * second one on the same store would damage the log. Resolves to the pids that were ended, when they are gone.
 *
 * They are told by their command line, which holds the file's path: unlike a pid file, it is true from the first
 * moment of the process and never outlives it.
 */
export async function endOrphans(confFile: string): Promise<number[]> {
  const orphans = await findServers(confFile);
  signal(orphans, 'SIGTERM');
  if (!(await areGone(confFile, TERM_DEADLINE_MS))) {
    signal(await findServers(confFile), 'SIGKILL');
    if (!(await areGone(confFile, KILL_DEADLINE_MS))) {
      throw new NatsError(
        'nats_server_failed',
        `An earlier nats-server (process ${orphans.join(', ')}) still has this store and cannot be ended. End it and start again.`,
      );
    }
  }
  return orphans;
}

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // Gone already, or not ours to end; whether it is there still is asked next.
    }
  }
}

async function areGone(confFile: string, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  while ((await findServers(confFile)).length > 0) {
    if (Date.now() > deadline) return false;
    await pause(20);
  }
  return true;
}

/** The processes with the file as an argument. A dead one that nobody has waited for has no arguments any more. */
async function findServers(confFile: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => undefined);
  return names
    ? findByProc(
        names.filter((name) => /^\d+$/.test(name)),
        confFile,
      )
    : findByPs(confFile);
}

async function findByProc(names: string[], confFile: string): Promise<number[]> {
  const matches = await Promise.all(
    names.map(async (name) => {
      const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      return isServerOf(commandLine.split('\0'), confFile);
    }),
  );
  return names.filter((_, index) => matches[index]).map(Number);
}

function isServerOf(args: string[], confFile: string): boolean {
  return args.some((arg, index) => arg === '-c' && args[index + 1] === confFile);
}

async function findByPs(confFile: string): Promise<number[]> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command=']);
    const lines = stdout.split('\n').filter((line) => line.endsWith(` -c ${confFile}`));
    return lines.map((line) => Number.parseInt(line, 10));
  } catch (error) {
    throw new NatsError(
      'nats_server_failed',
      `Whether an earlier nats-server still runs cannot be told: ps failed (${messageOf(error)}). Install ps.`,
    );
  }
}
