import { constants } from 'node:os';
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { ComputerError } from '../computer.js';
import type { Isolation } from './isolation.js';
import { field } from './errno.js';
import { joinGroups } from './cgroups/join-groups.js';
import { readProcess } from './process-table.js';
import { endProcesses, isOurs } from './terminate.js';

export type Stdio = ('pipe' | 'ignore' | number)[];

/** What a session's processes are started with. */
export interface SessionContext {
  isolation: Isolation;
  files: string;
  env: Record<string, string>;
  /** The session's own user, where it has one. */
  user: number | undefined;
  /** What its processes and files in memory may take up, where that is limited. */
  memoryMb?: number;
  /** Files of the control groups of which its processes are members. */
  groups?: readonly string[];
}

/** A process of a session, leader of a process group and POSIX session of its own, with all that it starts. */
export class SessionProcess {
  readonly startTicks: number;
  /** Resolves with the exit code; 128 + n after signal n, as a shell reports it. */
  readonly exited: Promise<number>;

  private constructor(
    readonly child: ChildProcess,
    readonly pid: number,
    exitCode: Promise<number>,
    private readonly ownsProcesses: boolean,
  ) {
    this.exited = exitCode;
    this.startTicks = readProcess(pid)?.startTicks ?? 0;
  }

  static async start(
    { isolation, files, env, user, memoryMb, groups = [] }: SessionContext,
    argv: string[],
    stdio: Stdio,
  ): Promise<SessionProcess> {
    const holdFd = groups.length > 0 ? stdio.length : undefined;
    const held = holdFd === undefined ? stdio : [...stdio, 'pipe' as const];
    const spareFd = held.length;
    const launch = await isolation.launch({ files, argv, env, user, memoryMb, spareFd, holdFd });
    const { file, args, cwd, env: outerEnv, spareInputs } = launch;
    const allStdio: Stdio = [...held, ...spareInputs.map(() => 'pipe' as const)];
    const child = spawn(file, args, { cwd, env: outerEnv, stdio: allStdio, detached: true });
    const exitCode = new Promise<number>((resolve) => {
      child.once('exit', (code, name) => resolve(code ?? 128 + signalNumber(name)));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        const message = `Could not start ${launch.file}: ${cause.message}. Check that it is installed.`;
        reject(new ComputerError('driver_unavailable', message, { cause }));
      });
    });
    // Later errors are failed signals to a process that is gone.
    child.on('error', () => undefined);
    const process = new SessionProcess(child, child.pid ?? 0, exitCode, isolation.ownsProcesses);
    for (const [index, input] of spareInputs.entries()) sendSpareInput(child, spareFd + index, input);
    if (holdFd !== undefined) {
      await process.join(groups);
      sendSpareInput(child, holdFd, '');
    }
    return process;
  }

  /** While it is held. */
  private async join(groups: readonly string[]): Promise<void> {
    try {
      await joinGroups(groups, this.pid);
    } catch (cause) {
      await this.end();
      const message = `A process could not join the control groups of its session: ${String(field(cause, 'message'))}. Try again.`;
      throw new ComputerError('driver_unavailable', message, { cause });
    }
  }

  /** Ends it and everything it started: politely at first, after half a second by force. */
  async end(): Promise<void> {
    await endProcesses(() => (isOurs(this.pid, this.startTicks) ? [this.pid] : []), this.ownsProcesses);
    await this.exited;
    // What survived somehow must not keep the service from ending by the other ends that it holds.
    for (const stream of this.child.stdio) stream?.destroy();
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : (constants.signals[name] ?? 0);
}

function sendSpareInput(child: ChildProcess, fd: number, input: string | Buffer): void {
  const pipe = child.stdio[fd] as Writable;
  // It may end before it has read everything; its exit code tells what happened.
  pipe.on('error', () => undefined);
  pipe.end(input);
}
