import { randomBytes } from 'node:crypto';
import { type Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError, type ExecResult, type Shell } from '../computer.js';
import type { Launch } from './isolation.js';
import { OutputCollector } from './output-collector.js';
import { OutputPipe } from './output-pipe.js';
import {
  type ProcessEntry,
  TICKS_PER_SECOND,
  descendants,
  readProcesses,
  ticksSinceBoot,
} from './process-table.js';
import { SessionProcess } from './session-process.js';
import { INTERRUPT_SIGNAL, greeting, instruction, reportedExitCode } from './shell-protocol.js';
import { GRACE_MS, signal, terminate } from './terminate.js';

type RunOptions = Parameters<Shell['run']>[1];

/** The command that runs now: where its output goes and who waits for its end. */
interface Running {
  nonce: string;
  output: OutputCollector;
  startedAt: number;
  /** Called with the exit code that the shell reported, or with undefined when the shell itself ended. */
  finish(exitCode: number | undefined): void;
}

const START_DEADLINE_MS = 10_000;
/** Bytes kept of what background jobs print between two commands. */
const BETWEEN_BYTES = 16 * 1024;

/** One bash process that runs a session's commands one after the other. */
export class PersistentShell implements Shell {
  private running: Running | undefined;
  private between = new OutputCollector(BETWEEN_BYTES);
  private queue: Promise<unknown> = Promise.resolve();
  private lastExitCode = 0;
  private ended = false;
  private bashPid = 0;

  private constructor(
    readonly process: SessionProcess,
    private readonly pipe: OutputPipe,
    private readonly input: Writable,
  ) {}

  /** `pipeFolder`: where the output pipe may have its name for a moment. */
  static async open(launch: Launch, pipeFolder: string, ownsProcesses: boolean): Promise<PersistentShell> {
    let shell: PersistentShell | undefined;
    const pipe = await OutputPipe.open(pipeFolder, (chunk) => shell?.collect(chunk));
    try {
      const stdio = ['pipe', 'ignore', 'pipe', pipe.writeFd, 'pipe'] as const;
      const process = await SessionProcess.start(launch, [...stdio], ownsProcesses);
      pipe.releaseWriteEnd();
      const [input, , errors, , control] = process.child.stdio as [Writable, null, Readable, null, Readable];
      shell = new PersistentShell(process, pipe, input);
      await shell.greet(control, errors);
      return shell;
    } catch (error) {
      pipe.close();
      throw error;
    }
  }

  get alive(): boolean {
    return !this.ended;
  }

  run(command: string, options: RunOptions): Promise<ExecResult> {
    const result = this.queue.then(() => this.runNow(command, options));
    this.queue = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    this.ended = true;
    await this.process.end();
    this.pipe.close();
  }

  private async runNow(command: string, options: RunOptions): Promise<ExecResult> {
    if (command.includes('\0')) {
      throw new ComputerError(
        'command_refused',
        'The command contains a NUL character, which bash cannot take.',
      );
    }
    if (this.ended) {
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
    this.handOverBetween(output);
    let interruption: { outcome: 'timed_out' | 'cancelled'; done: Promise<void> } | undefined;
    const interrupt = (outcome: 'timed_out' | 'cancelled'): void => {
      interruption ??= { outcome, done: this.interrupt() };
    };
    const onAbort = (): void => interrupt('cancelled');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(interrupt, options.timeoutMs, 'timed_out');
    const exitCode = await this.send(command, output, startedAt);
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    await interruption?.done;
    return {
      ...output.finish(),
      exitCode: interruption ? null : this.ended ? await this.process.exited : (exitCode ?? null),
      outcome: interruption?.outcome ?? (this.ended ? 'shell_died' : 'exited'),
      tookMs: performance.now() - startedAt,
      ...(this.alive ? {} : { shellEnded: true }),
    };
  }

  /** Resolves when the shell reports the end of the command, or ends itself. */
  private async send(
    command: string,
    output: OutputCollector,
    startedAt: number,
  ): Promise<number | undefined> {
    const nonce = newNonce();
    const exitCode = await new Promise<number | undefined>((finish) => {
      this.running = { nonce, output, startedAt, finish };
      this.input.write(instruction(command, nonce, this.lastExitCode));
    });
    this.pipe.drain();
    this.running = undefined;
    this.lastExitCode = exitCode ?? 0;
    return exitCode;
  }

  /** Ends the running command and what it started, but not older background jobs. The shell goes only if it must. */
  private async interrupt(): Promise<void> {
    const running = this.running;
    if (!running) return;
    const startTicks =
      ticksSinceBoot() - Math.ceil(((performance.now() - running.startedAt) / 1000) * TICKS_PER_SECOND) - 1;
    await terminate(() => {
      if (this.running === running) signal(this.bashPid, INTERRUPT_SIGNAL);
      return this.processesSince(startTicks);
    });
    for (let waited = 0; this.running === running && waited < GRACE_MS; waited += 20) {
      signal(this.bashPid, INTERRUPT_SIGNAL);
      await delay(20);
    }
    if (this.running === running) await this.close();
  }

  private processesSince(startTicks: number): ProcessEntry[] {
    if (this.ended) return [];
    const table = readProcesses();
    const strays = table.filter((entry) => entry.session === this.process.pid && entry.parent === 1);
    const own = new Set(this.skeleton(table));
    const jobs = descendants(
      table,
      [this.process.pid, ...strays.map((entry) => entry.pid)],
      (entry) => !own.has(entry.pid) && entry.startTicks < startTicks,
    );
    return jobs.filter((entry) => !own.has(entry.pid));
  }

  /** The processes from the first one down to bash: in a sandbox there are two above it. */
  private skeleton(table: ProcessEntry[]): number[] {
    const byPid = new Map(table.map((entry) => [entry.pid, entry.parent]));
    const chain = [this.bashPid];
    for (let pid: number | undefined = this.bashPid; pid !== undefined && pid !== this.process.pid;) {
      pid = byPid.get(pid);
      if (pid !== undefined) chain.push(pid);
    }
    return chain;
  }

  private async greet(control: Readable, errors: Readable): Promise<void> {
    let complaint = '';
    errors.on('data', (chunk: Buffer) => {
      if (complaint.length < 2_000) complaint += chunk.toString('utf8');
    });
    this.input.on('error', () => undefined);
    void this.process.exited.then(() => this.onExit());
    const nonce = newNonce();
    const started = new Promise<number | undefined>((finish) => {
      this.running = { nonce, output: this.between, startedAt: performance.now(), finish };
    });
    createInterface({ input: control }).on('line', (line) => this.onReport(line));
    this.input.write(greeting(nonce));
    const deadline = AbortSignal.timeout(START_DEADLINE_MS);
    deadline.addEventListener('abort', () => void (this.bashPid === 0 && this.process.end()));
    const exitCode = await started;
    this.running = undefined;
    if (exitCode === undefined) {
      throw new ComputerError(
        'driver_unavailable',
        `The computer's shell did not start: ${complaint.trim() || 'no reason given'}.`,
      );
    }
    this.bashPid = descendants(readProcesses(), [this.process.pid]).at(-1)?.pid ?? this.process.pid;
  }

  private onReport(line: string): void {
    const exitCode = this.running && reportedExitCode(line, this.running.nonce);
    if (exitCode !== undefined) this.running?.finish(exitCode);
  }

  private onExit(): void {
    this.ended = true;
    this.pipe.drain();
    this.running?.finish(undefined);
    void this.close();
  }

  private collect(chunk: Buffer): void {
    (this.running?.output ?? this.between).push(chunk);
  }

  private handOverBetween(output: OutputCollector): void {
    this.pipe.drain();
    const { output: text } = this.between.finish();
    if (text !== '') output.push(Buffer.from(text));
    this.between = new OutputCollector(BETWEEN_BYTES);
  }
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}
