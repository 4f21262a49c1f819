import { rm } from 'node:fs/promises';
import { ComputerError } from '../computer.js';
import type {
  ComputerInfo,
  ComputerSpec,
  ComputersLogger,
  ComputerStats,
  ExecOptions,
  ExecResult,
  Shell,
} from '../computer.js';
import type { FileSpace } from './computer-files.js';
import { type ComputerRecord, readRecord, writeRecord } from './computer-record.js';
import { type Isolation, checkedEnvironment } from './isolation.js';
import { Mutex } from './mutex.js';
import { resolveInComputer } from './path-resolver.js';
import { PersistentShell } from './persistent-shell.js';
import { TICKS_PER_SECOND, bootId, hasEnvironment, readProcesses } from './process-table.js';
import { removeTree } from './remove-tree.js';
import { runCommand } from './run-command.js';
import { type SessionFolder, makeSessionFolder, repairSessionFolder } from './session-folder.js';
import type { SessionProcess } from './session-process.js';
import { endProcesses, membersOf, stillThere } from './terminate.js';

const PAGE_BYTES = 4096;

/** One session's computer: its record on disk, its environment in memory, its processes. */
export class LocalComputer {
  private env: Record<string, string> = {};
  private opening: Promise<PersistentShell> | undefined;
  /** Held while the record changes. */
  private readonly recordLock = new Mutex();
  /** Held by the verbs that change the computer as a whole. */
  readonly lifecycle = new Mutex();

  constructor(
    readonly folder: SessionFolder,
    private readonly isolation: Isolation,
    private readonly logger?: ComputersLogger,
  ) {}

  get space(): FileSpace {
    return { files: this.folder.files, sessionDir: this.isolation.sessionDir(this.folder.files) };
  }

  async create(spec: ComputerSpec): Promise<ComputerInfo> {
    this.env = checkedEnvironment(spec.env);
    const existing = await readRecord(this.folder);
    if (existing) return this.infoOf(existing);
    await makeSessionFolder(this.folder);
    const record: ComputerRecord = {
      version: 1,
      session_id: this.folder.sessionId,
      driver: this.isolation.driver,
      created_at: new Date().toISOString(),
      running: false,
      ...(spec.image !== undefined && { image: spec.image }),
      processes: [],
    };
    await writeRecord(this.folder, record);
    return this.infoOf(record);
  }

  async start(env: Record<string, string> | undefined): Promise<ComputerInfo> {
    if (env) this.env = checkedEnvironment(env);
    await this.record();
    if (await repairSessionFolder(this.folder)) {
      this.logger?.warn(
        { session_id: this.folder.sessionId },
        'finished a replacement of files that was cut short',
      );
    }
    return this.infoOf(await this.update((record) => ({ ...record, running: true })));
  }

  async stop(): Promise<void> {
    if (!(await readRecord(this.folder))) return;
    await this.update((record) => ({ ...record, running: false }));
    await this.endProcesses();
  }

  /** Ends every process of the session, also those that another process of ours started. */
  async endProcesses(): Promise<void> {
    await this.closeShell();
    const { processes } = await this.record();
    await endProcesses(() => this.leaders(processes), this.isolation.ownsProcesses);
    await this.update((record) => ({ ...record, processes: [] }));
  }

  /** The record goes last: a computer that is half gone is still known, and can be destroyed again. */
  async destroy(): Promise<void> {
    await this.stop();
    for (const path of [this.folder.files, this.folder.snapshots]) await removeTree(path);
    await rm(this.folder.record, { force: true });
    await removeTree(this.folder.base);
  }

  /** For what may not happen under the feet of running programs. */
  async requireStopped(): Promise<void> {
    const { running } = await this.record();
    if (!running) return;
    throw new ComputerError(
      'command_refused',
      `The computer of session ${this.folder.sessionId} runs. Files are copied into a stopped one only.`,
    );
  }

  async inspect(): Promise<ComputerInfo | undefined> {
    const record = await readRecord(this.folder);
    return record && this.infoOf(record);
  }

  /** Throws `computer_not_found`. */
  async record(): Promise<ComputerRecord> {
    const record = await readRecord(this.folder);
    if (record) return record;
    throw new ComputerError('computer_not_found', `Session ${this.folder.sessionId} has no computer here.`);
  }

  async shell(): Promise<Shell> {
    await this.requireRunning();
    const current = await this.opening?.catch(() => undefined);
    if (current?.alive) return current;
    this.opening = this.openShell();
    return this.opening;
  }

  async exec(argv: string[], options: ExecOptions): Promise<ExecResult> {
    await this.requireRunning();
    if (argv.length === 0 || argv.some((argument) => argument.includes('\0'))) {
      throw new ComputerError(
        'command_refused',
        'A command needs at least a program, and no NUL characters.',
      );
    }
    const { files, sessionDir } = this.space;
    const cwd = [sessionDir, ...(await resolveInComputer(files, sessionDir, options.cwd ?? ''))].join('/');
    return runCommand(
      {
        isolation: this.isolation,
        files,
        env: this.env,
        pipeFolder: this.folder.base,
        onStart: (process) => this.note(process),
      },
      argv,
      { ...options, cwd },
    );
  }

  async stats(): Promise<ComputerStats> {
    const { processes } = await this.record();
    const members = membersOf(this.leaders(processes));
    const sum = (of: (entry: (typeof members)[number]) => number): number =>
      members.reduce((total, entry) => total + of(entry), 0);
    return {
      memoryBytes: sum((entry) => entry.residentPages) * PAGE_BYTES,
      cpuSeconds: sum((entry) => entry.cpuTicks) / TICKS_PER_SECOND,
      processes: members.length,
    };
  }

  async closeShell(): Promise<void> {
    const shell = await this.opening?.catch(() => undefined);
    this.opening = undefined;
    await shell?.close();
  }

  private async openShell(): Promise<PersistentShell> {
    const context = { isolation: this.isolation, files: this.folder.files, env: this.env };
    const shell = await PersistentShell.open(context, this.folder.base);
    await this.note(shell.process);
    const fields = { session_id: this.folder.sessionId, pid: shell.process.pid };
    this.logger?.info(fields, 'shell opened');
    void shell.process.exited.then((code) =>
      this.logger?.info({ ...fields, exit_code: code }, 'shell ended'),
    );
    return shell;
  }

  private async requireRunning(): Promise<void> {
    const { running } = await this.record();
    if (running) return;
    throw new ComputerError(
      'computer_not_running',
      `The computer of session ${this.folder.sessionId} is stopped. Start it first.`,
    );
  }

  /** Remembers a process on disk, and forgets those that ended. */
  private async note({ pid, startTicks }: SessionProcess): Promise<void> {
    const boot_id = bootId();
    await this.update((record) => {
      const alive = record.processes.filter(
        (entry) => entry.boot_id === boot_id && stillThere(entry.pid, entry.start_ticks),
      );
      return { ...record, processes: [...alive, { pid, start_ticks: startTicks, boot_id }] };
    });
  }

  /** The leaders that still run, and, without a sandbox, every process that has the session's folder in its environment. */
  private leaders(processes: ComputerRecord['processes']): number[] {
    const boot = bootId();
    const recorded = processes
      .filter((entry) => entry.boot_id === boot && stillThere(entry.pid, entry.start_ticks))
      .map((entry) => entry.pid);
    if (this.isolation.ownsProcesses) return recorded;
    const marked = readProcesses()
      .map((entry) => entry.pid)
      .filter((pid) => pid !== process.pid && hasEnvironment(pid, `SESSION_DIR=${this.folder.files}`));
    return [...recorded, ...marked];
  }

  private update(change: (record: ComputerRecord) => ComputerRecord): Promise<ComputerRecord> {
    return this.recordLock.run(async () => {
      const changed = change(await this.record());
      await writeRecord(this.folder, changed);
      return changed;
    });
  }

  private infoOf(record: ComputerRecord): ComputerInfo {
    return {
      sessionId: record.session_id,
      driver: record.driver,
      computerId: this.folder.base,
      running: record.running,
      ...(record.image !== undefined && { image: record.image }),
    };
  }
}
