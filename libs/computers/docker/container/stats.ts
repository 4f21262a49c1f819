import { z } from 'zod';
import type { ComputerStats } from '../../computer.js';
import type { DockerComputer } from '../docker-computer.js';
import { hasStatus } from '../engine/engine-error.js';
import { HELPER_NAME } from '../processes/persistent-helper.js';
import { KEEPER_NAME } from './keeper.js';

const NOTHING: ComputerStats = { memoryBytes: 0, cpuSeconds: 0, processes: 0 };

const usage = z.object({
  memory_stats: z.object({
    usage: z.number().default(0),
    stats: z.record(z.string(), z.number()).default({}),
  }),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number().default(0) }) }),
});

/** What the container uses as the engine counts it, and its processes but for those that we keep in it. */
export async function readStats(computer: DockerComputer): Promise<ComputerStats> {
  const { container } = await computer.require();
  if (!container?.State.Running) return NOTHING;
  try {
    const [counted, processes] = await Promise.all([
      computer.container.stats({ stream: false, 'one-shot': true }),
      countProcesses(computer, container.State.Pid),
    ]);
    const { memory_stats: memory, cpu_stats: cpu } = usage.parse(counted);
    const cache = memory.stats['total_inactive_file'] ?? memory.stats['inactive_file'] ?? 0;
    return {
      memoryBytes: Math.max(memory.usage - cache, 0),
      cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
      processes,
    };
  } catch (error) {
    if (hasStatus(error, 404, 409)) return NOTHING;
    throw error;
  }
}

async function countProcesses(computer: DockerComputer, init: number): Promise<number> {
  const { Processes: rows } = (await computer.container.top({ ps_args: '-eo pid,ppid,args' })) as {
    Processes: string[][];
  };
  const entries = rows.map(([pid, parent, ...args]) => ({
    pid: Number(pid),
    parent: Number(parent),
    args: args.join(' '),
  }));
  const keeper = entries.find((entry) => entry.parent === init && entry.args.endsWith(KEEPER_NAME))?.pid;
  // What the engine starts has the parent of the init; what the session starts never has.
  const shim = entries.find((entry) => entry.pid === init)?.parent;
  const isHelper = ({ parent, args }: (typeof entries)[number]): boolean =>
    parent === shim && args.endsWith(HELPER_NAME);
  return entries.filter(
    (entry) => ![init, keeper].includes(entry.pid) && entry.parent !== keeper && !isHelper(entry),
  ).length;
}
