import { constants } from 'node:os';
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { ComputerError } from '../computer.js';
import type { Launch } from './isolation.js';
import { readProcess } from './process-table.js';
import { endProcesses } from './terminate.js';

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

  static async start(launch: Launch, stdio: StdioOptions, ownsProcesses: boolean): Promise<SessionProcess> {
    const { file, args, cwd, env } = launch;
    const child = spawn(file, args, { cwd, env, stdio, detached: true });
    const exitCode = new Promise<number>((resolve) => {
      child.once('exit', (code, name) => resolve(code ?? 128 + signalNumber(name)));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        const message = `Could not start ${file}: ${cause.message}. Check that it is installed.`;
        reject(new ComputerError('driver_unavailable', message, { cause }));
      });
    });
    // Later errors are failed signals to a process that is gone.
    child.on('error', () => undefined);
    return new SessionProcess(child, child.pid ?? 0, exitCode, ownsProcesses);
  }

  /** Ends it and everything it started: politely at first, after half a second by force. */
  async end(): Promise<void> {
    await endProcesses(() => [this.pid], this.ownsProcesses);
    await this.exited;
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : (constants.signals[name] ?? 0);
}
