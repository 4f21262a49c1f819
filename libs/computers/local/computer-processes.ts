import type { ComputerStats } from '../computer.js';
import type { RecordFile } from './computer-record.js';
import type { Isolation } from './isolation.js';
import { TICKS_PER_SECOND, bootId, hasEnvironment, readProcesses } from './process-table.js';
import type { SessionProcess } from './session-process.js';
import { endProcesses, membersOf, stillThere } from './terminate.js';

const PAGE_BYTES = 4096;

/** All that runs for one session, whichever process of ours started it. */
export class ComputerProcesses {
  constructor(
    private readonly files: string,
    private readonly recordFile: RecordFile,
    private readonly isolation: Isolation,
  ) {}

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

  async end(): Promise<void> {
    const leaders = await this.findLeaders();
    await endProcesses(leaders, this.isolation.ownsProcesses);
    await this.recordFile.update((record) => ({ ...record, processes: [] }));
  }

  async stats(): Promise<ComputerStats> {
    const members = membersOf((await this.findLeaders())());
    const sum = (of: (entry: (typeof members)[number]) => number): number =>
      members.reduce((total, entry) => total + of(entry), 0);
    return {
      memoryBytes: sum((entry) => entry.residentPages) * PAGE_BYTES,
      cpuSeconds: sum((entry) => entry.cpuTicks) / TICKS_PER_SECOND,
      processes: members.length,
    };
  }

  /**
   * Finds, each time it is asked, the recorded processes that still run; without a sandbox also every process that
   * has the session's folder in its environment, wherever it may have gone.
   */
  private async findLeaders(): Promise<() => number[]> {
    const { processes } = await this.recordFile.require();
    const boot = bootId();
    const recorded = (): number[] =>
      processes
        .filter((entry) => entry.boot_id === boot && stillThere(entry.pid, entry.start_ticks))
        .map((entry) => entry.pid);
    if (this.isolation.ownsProcesses) return recorded;
    return () => [...recorded(), ...this.marked()];
  }

  private marked(): number[] {
    const mark = `SESSION_DIR=${this.files}`;
    return readProcesses()
      .map((entry) => entry.pid)
      .filter((pid) => pid !== process.pid && hasEnvironment(pid, mark));
  }
}
