import { dirname } from 'node:path';
import { ComputerError } from '../computer.js';
import type {
  ComputerInfo,
  ComputerLimits,
  ComputerSpec,
  ComputersLogger,
  ExecOptions,
  ExecResult,
  Shell,
  SnapshotInfo,
} from '../computer.js';
import { SessionCgroup, type Trees } from './cgroups/session-cgroup.js';
import type { FileSpace } from './computer-files.js';
import { ComputerCommands } from './computer-commands.js';
import { ComputerProcesses } from './computer-processes.js';
import { type ComputerRecord, RecordFile, isDamagedRecord } from './computer-record.js';
import type { DiscardedFolders } from './discarded-folders.js';
import { type Isolation, checkedEnvironment } from './isolation.js';
import { Mutex } from './mutex.js';
import { Snapshots } from './snapshots.js';
import { TreeStates } from './tree-state.js';
import { type SessionFolder, letPass, makeSessionFolder, repairSessionFolder } from './session-folder.js';
import type { SessionContext } from './session-process.js';
import { allocateUser, releaseUser } from './session-user/allocate.js';
import { changeOwner } from './session-user/change-owner.js';

/** What the computers of one machine share. */
interface Machine {
  cgroups?: Trees;
  limits?: ComputerLimits;
  discarded: DiscardedFolders;
}

/** One session's computer: its record on disk, its environment in memory, its processes. */
export class LocalComputer {
  private env: Record<string, string> = {};
  private prepared = false;
  readonly recordFile: RecordFile;
  readonly processes: ComputerProcesses;
  private readonly commands: ComputerCommands;
  /** Held by the verbs that change the computer as a whole. */
  readonly lifecycle = new Mutex();
  /** Snapshots that are being taken, or wait for their turn. */
  private readonly snapshotting = new Set<AbortController>();
  readonly snapshots: Snapshots;

  constructor(
    readonly folder: SessionFolder,
    private readonly isolation: Isolation,
    private readonly logger: ComputersLogger | undefined,
    private readonly machine: Machine,
    trees = new TreeStates(),
  ) {
    this.snapshots = new Snapshots(folder, trees);
    this.recordFile = new RecordFile(folder);
    const cgroup = machine.cgroups && new SessionCgroup(machine.cgroups, folder.sessionId);
    this.processes = new ComputerProcesses(folder.files, this.recordFile, isolation, cgroup);
    this.commands = new ComputerCommands(folder, this.processes, logger);
  }

  get space(): FileSpace {
    return { files: this.folder.files, sessionDir: this.isolation.sessionDir(this.folder.files) };
  }

  async create(spec: ComputerSpec): Promise<ComputerInfo> {
    if (spec.env) this.env = checkedEnvironment(spec.env);
    this.prepared = true;
    const existing = await this.recordFile.read();
    if (existing) return this.infoOf(existing);
    const user = this.isolation.separatesUsers ? await this.allocateUser() : undefined;
    await makeSessionFolder(this.folder, user);
    const record: ComputerRecord = {
      version: 1,
      session_id: this.folder.sessionId,
      driver: this.isolation.driver,
      created_at: new Date().toISOString(),
      running: false,
      ...(spec.image !== undefined && { image: spec.image }),
      ...(user !== undefined && { user }),
      limits: { ...this.machine.limits, ...definedOnly(spec.limits) },
      processes: [],
    };
    await this.recordFile.write(record);
    return this.infoOf(record);
  }

  async start(env: Record<string, string> | undefined): Promise<ComputerInfo> {
    if (env) this.env = checkedEnvironment(env);
    this.prepared = true;
    const { user } = await this.recordFile.require();
    if (await repairSessionFolder(this.folder)) {
      this.logger?.warn(
        { session_id: this.folder.sessionId },
        'finished a replacement of files that was cut short',
      );
      if (user !== undefined) await changeOwner(this.folder.files, user);
    }
    await this.processes.endLeftPause();
    await this.fitUser(user);
    return this.infoOf(await this.recordFile.update((record) => ({ ...record, running: true })));
  }

  async stop(): Promise<void> {
    if (!(await this.recordFile.read())) return;
    await this.recordFile.update((record) => ({ ...record, running: false }));
    await this.endProcesses();
  }

  /** Ends every process of the session, also those that another process of ours started. */
  async endProcesses(): Promise<void> {
    await this.processes.endPause();
    await this.dispose();
    await this.processes.end();
  }

  /** Done when nothing is left in its place: its files are removed later. */
  async destroy(): Promise<void> {
    await this.stop().catch((error: unknown) => {
      if (!isDamagedRecord(error)) throw error;
      this.logger?.warn(
        { session_id: this.folder.sessionId },
        'destroying a computer whose record is damaged',
      );
    });
    const user = (await this.recordFile.read().catch(() => undefined))?.user;
    this.snapshots.forget();
    await this.machine.discarded.add(this.folder.base);
    if (user !== undefined) await releaseUser(dirname(this.folder.base), user);
    this.env = {};
    this.prepared = false;
  }

  /** Pauses what runs in the computer for a moment. */
  async takeSnapshot(signal?: AbortSignal): Promise<SnapshotInfo> {
    const ending = new AbortController();
    this.snapshotting.add(ending);
    try {
      return await this.lifecycle.run(async () => {
        await this.recordFile.require();
        const works = await this.processes.works();
        const either = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
        return this.snapshots.take(works ? this.processes : undefined, either);
      });
    } finally {
      this.snapshotting.delete(ending);
    }
  }

  /** Whoever stops or removes the computer does not wait for them. */
  endSnapshots(): void {
    for (const ending of this.snapshotting) ending.abort();
  }

  /** For what may not happen under the feet of running programs. */
  async requireStopped(): Promise<void> {
    const { running } = await this.recordFile.require();
    if (!running) return;
    throw new ComputerError(
      'command_refused',
      `The computer of session ${this.folder.sessionId} runs. Files are copied into a stopped one only.`,
    );
  }

  async inspect(): Promise<ComputerInfo | undefined> {
    const record = await this.recordFile.read();
    return record && { ...this.infoOf(record), prepared: this.prepared };
  }

  /** As `inspect`; one whose record is damaged is there too, though stopped, so that it can be found and destroyed. */
  async inspectAnyway(): Promise<ComputerInfo | undefined> {
    try {
      return await this.inspect();
    } catch (error) {
      if (!isDamagedRecord(error)) throw error;
      const { sessionId, base } = this.folder;
      this.logger?.warn(
        { session_id: sessionId, record: this.folder.record },
        'the record of a computer is damaged',
      );
      return { sessionId, driver: this.isolation.driver, computerId: base, running: false };
    }
  }

  async shell(): Promise<Shell> {
    const record = await this.requireRunning();
    return this.commands.shell(() => this.contextOf(record));
  }

  async exec(argv: string[], options: ExecOptions): Promise<ExecResult> {
    const record = await this.requireRunning();
    return this.commands.exec(() => this.contextOf(record), this.space, argv, options);
  }

  /** Ends what this process started. */
  async dispose(): Promise<void> {
    await this.commands.end();
    await this.processes.leaveGroups();
  }

  private contextOf({ user, limits = {} }: ComputerRecord): SessionContext {
    if (this.isolation.separatesUsers && user === undefined) {
      throw new ComputerError(
        'computer_not_running',
        `The computer of session ${this.folder.sessionId} has no user of its own yet. Start it again.`,
      );
    }
    const groups = this.processes.groups(limits);
    const { isolation, env, folder } = this;
    return { isolation, files: folder.files, env, user, memoryMb: limits.memoryMb, groups };
  }

  private allocateUser(): Promise<number> {
    return allocateUser(dirname(this.folder.base), this.folder.sessionId);
  }

  /** A computer may come from a service that isolated it in another way, for example before it was root. */
  private async fitUser(user: number | undefined): Promise<void> {
    if (user !== undefined && this.isolation.separatesUsers) return letPass(this.folder, user);
    if (user === undefined && !this.isolation.separatesUsers) return;
    if (user !== undefined) {
      await this.recordFile.update(({ user: _, ...record }) => record);
      return;
    }
    const own = await this.allocateUser();
    await changeOwner(this.folder.files, own);
    await letPass(this.folder, own);
    await this.recordFile.update((record) => ({ ...record, user: own }));
  }

  private async requireRunning(): Promise<ComputerRecord> {
    const record = await this.recordFile.require();
    if (record.running) return record;
    throw new ComputerError(
      'computer_not_running',
      `The computer of session ${this.folder.sessionId} is stopped. Start it first.`,
    );
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

function definedOnly(limits: ComputerLimits = {}): ComputerLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
