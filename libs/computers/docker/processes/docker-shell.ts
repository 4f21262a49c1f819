import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { ComputerError, type ExecResult, type Shell } from '../../computer.js';
import { Interruption } from '../../local/interruption.js';
import { OutputCollector } from '../../local/output-collector.js';
import {
  INTERRUPT_SIGNAL,
  greeting,
  instruction,
  report,
  reportedExitCode,
} from '../../local/shell-protocol.js';
import { startProcess } from '../container/container-process.js';
import { demultiplex } from '../engine/engine-stream.js';
import type { ProcessesRequest } from '../inside/processes.js';
import { ReportSplitter } from './report-splitter.js';
import { BEGIN_FUNCTION, SHELL_WRAPPER, beginning, parseBeginning } from './shell-begin.js';

type RunOptions = Parameters<Shell['run']>[1];

/** The command that runs now: where its output goes and who waits for its end. */
interface Running {
  nonce: string;
  output: OutputCollector;
  /** What tells its processes from older ones; the shell says it first of all. */
  began?: ProcessesRequest['command'];
  finish(exitCode: number | undefined): void;
  finished: Promise<number | undefined>;
}

const START_DEADLINE_MS = 10_000;
/** How long and how often an interrupted shell is asked whether it is ready, before it is given up. */
const REPORT_WAIT_MS = 40;
const REPORT_TRIES = 8;
/** Bytes kept of what background jobs print between two commands. */
const BETWEEN_BYTES = 16 * 1024;
const KILLED = 137;

export interface ShellContext {
  container: Docker.Container;
  env: Record<string, string>;
  root: boolean;
  /**
   * Ends processes of the shell, with the whole container where there is no other way and `atAnyPrice`; must not fail
   * for a container that is gone.
   */
  endProcesses(request: ProcessesRequest, atAnyPrice: boolean): Promise<void>;
}

/** One bash in a container, on one connection to the engine for as long as it lives. */
export class DockerShell implements Shell {
  private running: Running | undefined;
  private between = new OutputCollector(BETWEEN_BYTES);
  private queue: Promise<unknown> = Promise.resolve();
  private lastExitCode = 0;
  private deathCode: number | undefined;
  private closing: Promise<void> | undefined;
  /** It ended by itself while no command ran, so that no result has said so. */
  private endedUnnoticed = false;

  private constructor(
    private readonly stream: Duplex,
    private readonly context: ShellContext,
    /** In the environment of the shell's processes. */
    private readonly mark: string,
    /** Begins every line that the shell reports, and no other. */
    private readonly secret: string,
    /** The shell before this one ended unnoticed; the first result says so. */
    private replaced: boolean,
  ) {}

  /** @param predecessor the session's shell before this one */
  static async open(context: ShellContext, predecessor?: DockerShell): Promise<DockerShell> {
    const mark = randomBytes(12).toString('hex');
    const secret = randomBytes(12).toString('hex');
    const argv = ['/bin/bash', '--noprofile', '--norc', '-c', SHELL_WRAPPER, 'bash', secret];
    const env = { ...context.env, RAWORC_RUN: mark };
    const stream = await startProcess(context.container, { argv, env, root: context.root, stdin: true });
    const shell = new DockerShell(stream, context, mark, secret, predecessor?.endedUnnoticed ?? false);
    await shell.greet();
    return shell;
  }

  get alive(): boolean {
    return this.deathCode === undefined && this.closing === undefined;
  }

  run(command: string, options: RunOptions): Promise<ExecResult> {
    const result = this.queue.then(() => this.runNow(command, options));
    this.queue = result.catch(() => undefined);
    return result;
  }

  close(): Promise<void> {
    this.closing ??= this.context
      // A shell that died may have died with its container, which nobody but the operator starts again.
      .endProcesses({ run: this.mark }, this.deathCode === undefined)
      .finally(() => this.onDeath(KILLED))
      .finally(() => this.stream.destroy());
    return this.closing;
  }

  private async runNow(command: string, options: RunOptions): Promise<ExecResult> {
    if (command.includes('\0')) {
      throw new ComputerError(
        'command_refused',
        'The command contains a NUL character, which bash cannot take.',
      );
    }
    if (!this.alive) {
      throw new ComputerError(
        'computer_not_running',
        'This shell has ended. Ask the computer for a new one.',
      );
    }
    const startedAt = performance.now();
    if (options.signal?.aborted) {
      return { output: '', exitCode: null, outcome: 'cancelled', truncated: false, tookMs: 0 };
    }
    const output = new OutputCollector(options.maxOutputBytes, options.onOutput);
    const background = this.takeBetween();
    const finished = this.send(output, (nonce) => instruction(command, nonce, this.lastExitCode));
    const interruption = new Interruption(options, () => this.interrupt());
    const exitCode = await finished;
    const interrupted = await interruption.settle();
    const died = this.deathCode !== undefined;
    const { replaced } = this;
    this.replaced = false;
    return {
      ...output.finish(),
      ...(background === '' ? {} : { background }),
      exitCode: interrupted ? null : ((died ? this.deathCode : exitCode) ?? null),
      outcome: interrupted ?? (died ? 'shell_died' : 'exited'),
      tookMs: performance.now() - startedAt,
      ...(this.alive ? {} : { shellEnded: true }),
      ...(replaced ? { shellReplaced: true } : {}),
    };
  }

  /** Resolves when the shell reports the end of what it was told, or ends itself. */
  private async send(output: OutputCollector, text: (nonce: string) => string): Promise<number | undefined> {
    const nonce = this.secret + randomBytes(8).toString('hex');
    const { promise: finished, resolve: finish } = Promise.withResolvers<number | undefined>();
    this.running = { nonce, output, finish, finished };
    this.stream.write(beginning(nonce) + text(nonce));
    const exitCode = await finished;
    this.running = undefined;
    this.lastExitCode = exitCode ?? 0;
    return exitCode;
  }

  /** Ends the running command and what it started, but not older background jobs. The shell goes only if it must. */
  private async interrupt(): Promise<void> {
    const running = this.running;
    if (!running) return;
    for (let tries = 0; this.running === running && tries < REPORT_TRIES; tries++) {
      if (running.began) await this.context.endProcesses({ run: this.mark, command: running.began }, true);
      await Promise.race([running.finished, delay(REPORT_WAIT_MS / 2)]);
      // An interrupt that came while the shell was reading took the line with it that asks for the report.
      if (this.running === running) this.stream.write(`\n${report(running.nonce)}`);
      await Promise.race([running.finished, delay(REPORT_WAIT_MS / 2)]);
    }
    if (this.running === running) await this.close();
  }

  private async greet(): Promise<void> {
    let complaint = '';
    const splitter = new ReportSplitter(
      this.secret,
      (chunk) => (this.running?.output ?? this.between).push(chunk),
      (line) => this.onReport(line),
    );
    void demultiplex(this.stream, {
      onStdout: (chunk) => splitter.push(chunk),
      onStderr: (chunk) => (complaint = (complaint + chunk.toString('utf8')).slice(0, 2_000)),
    }).then(() => {
      splitter.end();
      this.onDeath(KILLED);
    });
    const deadline = setTimeout(() => void this.close(), START_DEADLINE_MS);
    const greeted = await this.send(this.between, (nonce) => BEGIN_FUNCTION + greeting(nonce));
    clearTimeout(deadline);
    if (greeted !== undefined) return;
    const reason = complaint.trim() || this.between.finish().output.trim() || 'no reason given';
    throw new ComputerError('driver_unavailable', `The computer's shell did not start: ${reason}.`);
  }

  private onReport(line: string): void {
    const death = /^died (\d+)$/.exec(line.slice(this.secret.length));
    if (death) return this.onDeath(Number(death[1]));
    const { running } = this;
    if (!running) return;
    running.began ??= parseBeginning(line, running.nonce, INTERRUPT_SIGNAL);
    const exitCode = reportedExitCode(line, running.nonce);
    if (exitCode !== undefined) running.finish(exitCode);
  }

  private onDeath(exitCode: number): void {
    if (this.deathCode !== undefined) return;
    this.endedUnnoticed = this.closing === undefined && this.running === undefined;
    this.deathCode = exitCode;
    this.running?.finish(undefined);
    void this.close();
  }

  private takeBetween(): string {
    const { output } = this.between.finish();
    this.between = new OutputCollector(BETWEEN_BYTES);
    return output;
  }
}
