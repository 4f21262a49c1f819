import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ComputerLimits, ComputerStats } from '../computer.js';
import type { SessionCgroup } from './cgroups/session-cgroup.js';
import type { RecordFile } from './computer-record.js';
import type { Isolation } from './isolation.js';
import { MachineLook } from './machine-look.js';
import { type ProcessEntry, TICKS_PER_SECOND, bootId } from './process-table.js';
import type { SessionProcess } from './session-process.js';
import { continueProcesses, stopProcesses } from './stop-processes.js';
import { endProcesses, membersOf, stillThere } from './terminate.js';

const PAGE_BYTES = 4096;

/** All that runs for one session, whichever process of ours started it. */
export class ComputerProcesses {
  private stopped: ProcessEntry[] | undefined;
  private hasGroups = false;

  constructor(
    private readonly files: string,
    private readonly recordFile: RecordFile,
    private readonly isolation: Isolation,
    private readonly cgroup?: SessionCgroup,
  ) {}

  /** The control groups that a new process of the session is to join. */
  groups(limits: ComputerLimits): readonly string[] {
    if (this.cgroup === undefined) return [];
    // Each time, because another process of the service may have swept them since.
    const files = this.cgroup.open(limits);
    this.hasGroups = true;
    return files;
  }

  /** Remembers a process on disk, and forgets those that ended. */
  async note({ pid, startTicks }: SessionProcess): Promise<void> {
    const boot_id = bootId();
    await this.recordFile.update((record) => {
      const alive = record.processes.filter(
        (entry) => entry.boot_id === boot_id && stillThere(entry.pid, entry.start_ticks),
      );
      return { ...record, processes: [...alive, { pid, start_ticks: startTicks, boot_id }] };
    });
  }

  /**
   * Holds every process of the session, until `resume`. Files do not change meanwhile. A file says so first: a pause
   * that a crash left behind is ended by `endLeftPause`. Gives the time, as of `performance.now()`, from which on
   * processes are held.
   */
  async pause(): Promise<number> {
    if (this.stopped) return performance.now();
    writeFileSync(this.pauseMark, '');
    let since = performance.now();
    if (await this.cgroup?.freeze()) {
      this.stopped = [];
      return since;
    }
    const leaders = await this.findLeaders();
    const first = membersOf(leaders());
    since = performance.now();
    this.stopped = await stopProcesses(first, () => membersOf(leaders()));
    return since;
  }

  resume(): void {
    this.cgroup?.thaw();
    continueProcesses(this.stopped ?? []);
    this.stopped = undefined;
    rmSync(this.pauseMark, { force: true });
  }

  /** To be called before a computer is used: lets go on what a crashed process of ours has paused. */
  async endLeftPause(): Promise<void> {
    if (this.stopped || !existsSync(this.pauseMark)) return;
    this.stopped = await this.members();
    this.resume();
  }

  private get pauseMark(): string {
    return join(dirname(this.files), 'paused');
  }

  /** Leaves no empty group behind when the service ends and its sessions go on later. */
  async leaveGroups(): Promise<void> {
    if (!this.hasGroups || this.cgroup === undefined || this.cgroup.pids().length > 0) return;
    this.hasGroups = false;
    await this.cgroup.remove();
  }

  /** To be called before processes are ended: what the freezer holds does not even die. */
  async endPause(): Promise<void> {
    if (this.stopped) this.resume();
    else await this.endLeftPause();
  }

  async end(): Promise<void> {
    await this.endPause();
    const leaders = await this.findLeaders();
    await endProcesses(leaders, this.isolation.ownsProcesses);
    await this.cgroup?.kill();
    await this.cgroup?.remove();
    this.hasGroups = false;
    await this.recordFile.update((record) => ({ ...record, processes: [] }));
  }

  /** Whether anything runs now. Of a control group that is known at once, without looking at all of the machine. */
  async works(): Promise<boolean> {
    return (this.cgroup?.pids().length ?? 0) > 0 || (await this.members()).length > 0;
  }

  /** The processes that run now. */
  async members(): Promise<ProcessEntry[]> {
    return membersOf((await this.findLeaders())());
  }

  async stats(): Promise<ComputerStats> {
    const members = await this.members();
    const sum = (of: (entry: (typeof members)[number]) => number): number =>
      members.reduce((total, entry) => total + of(entry), 0);
    return {
      memoryBytes: sum((entry) => entry.residentPages) * PAGE_BYTES,
      cpuSeconds: sum((entry) => entry.cpuTicks) / TICKS_PER_SECOND,
      processes: members.length,
    };
  }

  /**
   * Finds, each time it is asked, the recorded processes that still run and the first ones of the session's sandboxes;
   * without a sandbox every process that has the session's folder in its environment, wherever it may have gone.
   */
  private async findLeaders(): Promise<(machine?: MachineLook) => number[]> {
    const { processes } = await this.recordFile.require();
    const boot = bootId();
    const recorded = (): number[] =>
      processes
        .filter((entry) => entry.boot_id === boot && stillThere(entry.pid, entry.start_ticks))
        .map((entry) => entry.pid);
    const { files } = this;
    if (this.isolation.ownsProcesses) {
      return (machine = new MachineLook()) => [...recorded(), ...machine.sandboxInits(files)];
    }
    return (machine = new MachineLook()) => [
      ...recorded(),
      ...machine.marked(files),
      ...(this.cgroup?.pids() ?? []),
    ];
  }
}
