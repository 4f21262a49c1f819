import { ComputerError } from '../computer.js';
import type { ComputersLogger, ExecOptions, ExecResult, Shell } from '../computer.js';
import type { FileSpace } from './computer-files.js';
import type { ComputerProcesses } from './computer-processes.js';
import { Mutex } from './mutex.js';
import { resolveInComputer } from './path-resolver.js';
import { PersistentShell } from './persistent-shell.js';
import { runCommand } from './run-command.js';
import type { SessionFolder } from './session-folder.js';
import type { SessionContext, SessionProcess } from './session-process.js';

/** What this process runs in one computer: its shell, and commands beside that. */
export class ComputerCommands {
  private current: PersistentShell | undefined;
  private readonly opening = new Mutex();
  private readonly executing = new Set<SessionProcess>();

  constructor(
    private readonly folder: SessionFolder,
    private readonly processes: ComputerProcesses,
    private readonly logger: ComputersLogger | undefined,
  ) {}

  /** The one that is open, or a new one. */
  shell(context: () => SessionContext): Promise<Shell> {
    return this.opening.run(async () => {
      if (!this.current?.alive) this.current = await this.open(context());
      return this.current;
    });
  }

  async exec(
    context: () => SessionContext,
    { files, sessionDir }: FileSpace,
    argv: string[],
    options: ExecOptions,
  ): Promise<ExecResult> {
    if (argv.length === 0 || argv.some((argument) => argument.includes('\0'))) {
      throw new ComputerError(
        'command_refused',
        'A command needs at least a program, and no NUL characters.',
      );
    }
    const cwd = [sessionDir, ...(await resolveInComputer(files, sessionDir, options.cwd ?? ''))].join('/');
    return runCommand(
      {
        ...context(),
        pipeFolder: this.folder.base,
        onStart: (process) => this.track(process),
      },
      argv,
      { ...options, cwd },
    );
  }

  async end(): Promise<void> {
    await this.opening.run(async () => {
      await this.current?.close();
      this.current = undefined;
    });
    await Promise.all([...this.executing].map((process) => process.end()));
  }

  private async open(context: SessionContext): Promise<PersistentShell> {
    const shell = await PersistentShell.open(context, this.folder.base, this.current);
    try {
      await this.processes.note(shell.process);
    } catch (error) {
      await shell.close();
      throw error;
    }
    const fields = { session_id: this.folder.sessionId, pid: shell.process.pid };
    this.logger?.info(fields, 'shell opened');
    void shell.process.exited.then((code) =>
      this.logger?.info({ ...fields, exit_code: code }, 'shell ended'),
    );
    return shell;
  }

  private async track(process: SessionProcess): Promise<void> {
    this.executing.add(process);
    void process.exited.then(() => this.executing.delete(process));
    await this.processes.note(process);
  }
}
