import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import type { Computers } from '../../computer.js';
import { bubblewrapProblem, createLocalComputers } from '../index.js';

export const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

/** Two sandboxed sessions, `a` and `b`, that run. */
export interface Sandboxes {
  readonly computers: Computers;
  readonly root: string;
  /** The output of a command in the shell of `a`. */
  bash(command: string): Promise<string>;
  /** The machine's numbers of all processes in the sandbox of a program, which is started for that. */
  pids(): Promise<number[]>;
}

const problem = await bubblewrapProblem();

/** Describes what needs a sandbox; where none can be made, one line says so instead. */
export function describeSandbox(name: string, suite: (sandboxes: Sandboxes) => void): void {
  if (problem === undefined) describe(name, () => suite(useSandboxes()));
  else {
    process.stderr.write(`not run, because ${problem}: ${name}\n`);
    it.skip(name, () => undefined);
  }
}

function useSandboxes(): Sandboxes {
  let root: string;
  let computers: Computers;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-sandbox-'));
    computers = createLocalComputers({ root, mode: 'bubblewrap' });
    for (const sessionId of ['a', 'b']) {
      await computers.create({ sessionId });
      await computers.start(sessionId);
    }
  });

  afterEach(async () => {
    for (const sessionId of ['a', 'b']) await computers.destroy(sessionId);
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  const bash = async (command: string): Promise<string> =>
    (await (await computers.shell('a')).run(command, LIMITS)).output;

  return {
    get computers() {
      return computers;
    },
    get root() {
      return root;
    },
    bash,
    async pids() {
      const mark = `8${process.pid}.${Date.now()}`;
      await bash(`sleep ${mark} &`);
      return inNamespaceOf(await processNamed(`sleep\0${mark}\0`));
    },
  };
}

/** Waits for the process with this command line, each argument ended by a NUL. */
export async function processNamed(commandLine: string): Promise<number> {
  const find = (): number | undefined =>
    allPids().find((pid) => read(`/proc/${pid}/cmdline`) === commandLine);
  await eventually(async () => find() !== undefined);
  return find() ?? 0;
}

/** All processes in the pid namespace of one. */
export function inNamespaceOf(pid: number): number[] {
  const namespace = link(`/proc/${pid}/ns/pid`);
  return namespace === '' ? [] : allPids().filter((other) => link(`/proc/${other}/ns/pid`) === namespace);
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Empty when the process is gone. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
