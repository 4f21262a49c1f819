import { ComputerError, type ExecOptions, type ExecResult, type Shell } from '../../computer.js';
import { Mutex } from '../../local/mutex.js';
import type { SessionContainer } from '../container/session-container.js';
import { hasStatus, reasonOf, saysNotRunning } from '../engine/engine-error.js';
import type { ProcessesRequest } from '../inside/processes.js';
import { DockerShell } from './docker-shell.js';
import { endProcesses } from './end-processes.js';
import { runCommand } from './run-command.js';

interface ProcessesOptions {
  computer: SessionContainer;
  /** Of all that is started. */
  env: () => Record<string, string>;
  /** Starts the container anew, if it still runs. */
  restart: () => Promise<void>;
}

/** What this service runs in a container for the session: one shell, and commands beside it. */
export class DockerProcesses {
  private current: DockerShell | undefined;
  private readonly commands = new Set<Promise<ExecResult>>();
  private closing = new AbortController();
  /** Held while a shell opens or closes: callers at the same time get the same one. */
  private readonly shellLock = new Mutex();

  constructor(private readonly options: ProcessesOptions) {}

  async shell(): Promise<Shell> {
    const { computer, env } = this.options;
    const { root } = (await computer.requireRunning()).settings;
    return this.shellLock.run(async () => {
      if (this.current?.alive) return this.current;
      const context = {
        container: computer.container,
        env: env(),
        root,
        endProcesses: (request: ProcessesRequest, atAnyPrice: boolean) => this.end(request, root, atAnyPrice),
      };
      this.current = await DockerShell.open(context, this.current);
      return this.current;
    });
  }

  async exec(argv: string[], options: ExecOptions): Promise<ExecResult> {
    const { computer, env } = this.options;
    const { settings } = await computer.requireRunning();
    if (argv.length === 0 || argv.some((argument) => argument.includes('\0'))) {
      throw new ComputerError(
        'command_refused',
        'A command needs at least a program, and no NUL characters.',
      );
    }
    const endRun = (run: string, root: boolean): Promise<void> => this.end({ run }, root, true);
    const root = settings.root || options.root;
    const signal = AbortSignal.any([this.closing.signal, ...(options.signal ? [options.signal] : [])]);
    const command = runCommand({ container: computer.container, env: env(), endRun }, argv, {
      ...options,
      root,
      signal,
    });
    this.commands.add(command);
    return command.finally(() => this.commands.delete(command));
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.closing = new AbortController();
    await Promise.allSettled(this.commands);
    await this.shellLock.run(async () => {
      await this.current?.close();
      this.current = undefined;
    });
  }

  /** For a container that ends anyway: nothing waits for what was in it. */
  letGo(): void {
    this.current = undefined;
  }

  /**
   * Where not even our own program can be started any more, the container is started anew: that ends them all. Never
   * fails: without an engine there is nobody to tell, and the next verb says what is wrong.
   */
  private async end(request: ProcessesRequest, root: boolean, atAnyPrice: boolean): Promise<void> {
    try {
      await endProcesses(this.options.computer.container, request, root);
    } catch (error) {
      if (!atAnyPrice || hasStatus(error, 404, 409) || saysNotRunning(reasonOf(error))) return;
      this.warn(error, 'processes could not be ended one by one; starting the container anew');
      await this.options.restart().catch((reason: unknown) => {
        this.warn(reason, 'the container could not be started anew');
      });
    }
  }

  private warn(error: unknown, message: string): void {
    const { engine, names } = this.options.computer;
    engine.logger?.warn({ session_id: names.sessionId, reason: reasonOf(error) }, message);
  }
}
