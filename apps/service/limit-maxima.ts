import { availableParallelism, totalmem } from 'node:os';
import type { LimitMaxima } from '#commands';
import type { Config } from '#runtime';

const MIB = 1024 * 1024;

type LimitSettings = Pick<Config, 'memoryMb' | 'cpus' | 'pids' | 'maxMemoryMb' | 'maxCpus' | 'maxPids'>;

/** The most that one session may have: as set, else what this machine has, and never less than it gets unasked. */
export function limitMaxima({ memoryMb, cpus, maxMemoryMb, maxCpus, maxPids }: LimitSettings): LimitMaxima {
  return {
    memory_mb: maxMemoryMb ?? Math.max(memoryMb, Math.floor(totalmem() / MIB)),
    cpus: maxCpus ?? Math.max(cpus, availableParallelism()),
    pids: maxPids,
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
