import { randomBytes } from 'node:crypto';
import { type Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError, type ExecResult, type Shell } from '../computer.js';
import { type CommandStart, commandProcesses, commandStart } from './command-processes.js';
import { Interruption } from './interruption.js';
import { OutputCollector } from './output-collector.js';
import { OutputPipe } from './output-pipe.js';
import { innermost } from './process-table.js';
import { type SessionContext, SessionProcess, type Stdio } from './session-process.js';
import { SideChannels } from './side-channels.js';
import {
  INTERRUPT_SIGNAL,
  SHELL_ARGV,
  greeting,
  instruction,
  report,
  reportedExitCode,
} from './shell-protocol.js';
import { signal, terminate } from './terminate.js';

type RunOptions = Parameters<Shell['run']>[1];

/** The command that runs now: where its output goes and who waits for its end. */
interface Running {
  nonce: string;
  output: OutputCollector;
  start: CommandStart;
  /** Called with the exit code that the shell reported, or with undefined when the shell itself ended. */
  finish(exitCode: number | undefined): void;
  finished: Promise<number | undefined>;
}

const START_DEADLINE_MS = 10_000;
/** How long and how often an interrupted shell is asked whether it is ready, before it is given up. */
const REPORT_WAIT_MS = 40;
const REPORT_TRIES = 8;
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
  private side: SideChannels | undefined;
  /** It ended by itself while no command ran, so that no result has said so. */
  private endedUnnoticed = false;

  private constructor(
    readonly process: SessionProcess,
    private readonly pipe: OutputPipe,
    private readonly input: Writable,
    /** The shell before this one ended unnoticed; the first result says so. */
    private replaced: boolean,
  ) {}

  /**
   * @param pipeFolder where the output pipe may have its name for a moment
   * @param predecessor the session's shell before this one
   */
  static async open(
    context: SessionContext,
    pipeFolder: string,
    predecessor?: PersistentShell,
  ): Promise<PersistentShell> {
    let shell: PersistentShell | undefined;
    const pipe = await OutputPipe.open(pipeFolder, (chunk) => shell?.collect(chunk), context.user);
    try {
      const stdio: Stdio = ['pipe', 'ignore', 'pipe', pipe.writeFd, 'pipe'];
      const process = await SessionProcess.start(context, SHELL_ARGV, stdio);
      pipe.releaseWriteEnd();
      const [input, , errors, , control] = process.child.stdio as [Writable, null, Readable, null, Readable];
      shell = new PersistentShell(process, pipe, input, predecessor?.endedUnnoticed ?? false);
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
    const background = this.takeBetween();
    const finished = this.send(command, output);
    const interruption = new Interruption(options, () => this.interrupt());
    const exitCode = await finished;
    const interrupted = await interruption.settle();
    const { replaced } = this;
    this.replaced = false;
    return {
      ...output.finish(),
      ...(background === '' ? {} : { background }),
      exitCode: interrupted ? null : this.ended ? await this.process.exited : (exitCode ?? null),
      outcome: interrupted ?? (this.ended ? 'shell_died' : 'exited'),
      tookMs: performance.now() - startedAt,
      ...(this.alive ? {} : { shellEnded: true }),
      ...(replaced ? { shellReplaced: true } : {}),
    };
  }

  /** Resolves when the shell reports the end of the command, or ends itself. */
  private async send(command: string, output: OutputCollector): Promise<number | undefined> {
    const nonce = newNonce();
    const { promise: finished, resolve: finish } = Promise.withResolvers<number | undefined>();
    this.running = { nonce, output, start: commandStart(this.bashPid), finish, finished };
    this.side?.refill();
    this.input.write(instruction(command, nonce, this.lastExitCode));
    const exitCode = await finished;
    this.pipe.drain();
    this.running = undefined;
    this.lastExitCode = exitCode ?? 0;
    return exitCode;
  }

  /** Ends the running command and what it started, but not older background jobs. The shell goes only if it must. */
  private async interrupt(): Promise<void> {
    const running = this.running;
    if (!running) return;
    for (let tries = 0; this.running === running && tries < REPORT_TRIES; tries++) {
      await terminate(() => {
        if (this.running === running) signal(this.bashPid, INTERRUPT_SIGNAL);
        return this.ended ? [] : commandProcesses(this.process.pid, this.bashPid, running.start);
      });
      await Promise.race([running.finished, delay(REPORT_WAIT_MS / 2)]);
      // An interrupt that came while the shell was reading took the line with it that asks for the report.
      if (this.running === running) this.input.write(`\n${report(running.nonce)}`);
      await Promise.race([running.finished, delay(REPORT_WAIT_MS / 2)]);
    }
    if (this.running === running) await this.close();
  }

  private async greet(control: Readable, errors: Readable): Promise<void> {
    let complaint = '';
    this.side = new SideChannels(control, errors, {
      onReport: (line) => this.onReport(line),
      onComplaint: (text) => (complaint = (complaint + text).slice(0, 2_000)),
      onFlood: () => void this.close(),
    });
    this.input.on('error', () => undefined);
    void this.process.exited.then(() => this.onExit());
    const nonce = newNonce();
    const { promise: finished, resolve: finish } = Promise.withResolvers<number | undefined>();
    this.running = { nonce, output: this.between, start: commandStart(this.process.pid), finish, finished };
    this.input.write(greeting(nonce));
    const deadline = AbortSignal.timeout(START_DEADLINE_MS);
    deadline.addEventListener('abort', () => void (this.bashPid === 0 && this.process.end()));
    const exitCode = await finished;
    this.running = undefined;
    if (exitCode === undefined) {
      throw new ComputerError(
        'driver_unavailable',
        `The computer's shell did not start: ${complaint.trim() || 'no reason given'}.`,
      );
    }
    this.bashPid = innermost(this.process.pid);
  }

  private onReport(line: string): void {
    const exitCode = this.running && reportedExitCode(line, this.running.nonce);
    if (exitCode !== undefined) this.running?.finish(exitCode);
  }

  private onExit(): void {
    this.endedUnnoticed = !this.ended && this.running === undefined;
    this.ended = true;
    this.pipe.drain();
    this.running?.finish(undefined);
    void this.close();
  }

  private collect(chunk: Buffer): void {
    (this.running?.output ?? this.between).push(chunk);
  }

  private takeBetween(): string {
    this.pipe.drain();
    const { output } = this.between.finish();
    this.between = new OutputCollector(BETWEEN_BYTES);
    return output;
  }
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}
