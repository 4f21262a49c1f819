import { availableParallelism, totalmem } from 'node:os';
import type { LimitMaxima } from '#commands';
import type { Config } from '#runtime';

const MIB = 1024 * 1024;

type LimitSettings = Pick<
  Config,
  'memoryMb' | 'cpus' | 'pids' | 'maxMemoryMb' | 'maxCpus' | 'maxPids' | 'maxDiskMb'
>;

/** The most that one session may have: as set, else what this machine has, and never less than it gets unasked. */
export function limitMaxima(config: LimitSettings): LimitMaxima {
  const { memoryMb, cpus, maxMemoryMb, maxCpus, maxPids, maxDiskMb } = config;
  return {
    memory_mb: maxMemoryMb ?? Math.max(memoryMb, Math.floor(totalmem() / MIB)),
    cpus: maxCpus ?? Math.max(cpus, availableParallelism()),
    pids: maxPids,
    ...(maxDiskMb > 0 && { disk_mb: maxDiskMb }),
  };
}

/** Limits of a computer whose session sets none. */
export function defaultLimits(config: LimitSettings): { memoryMb: number; cpus: number; pids: number } {
  const maxima = limitMaxima(config);
  return {
    memoryMb: Math.min(config.memoryMb, maxima.memory_mb),
    cpus: Math.min(config.cpus, maxima.cpus),
    pids: Math.min(config.pids, maxima.pids),
  };
}
