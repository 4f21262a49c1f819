import { availableParallelism, totalmem } from 'node:os';
import { expect, it } from '@jest/globals';
import { defaultLimits, limitMaxima } from './limit-maxima.js';

const unset = {
  memoryMb: 2_048,
  cpus: 2,
  pids: 512,
  maxMemoryMb: undefined,
  maxCpus: undefined,
  maxPids: 16_384,
  maxDiskMb: 0,
};

it('the maxima are what the machine has, unless they are set', () => {
  const memory_mb = Math.max(2_048, Math.floor(totalmem() / 1024 ** 2));
  expect(limitMaxima(unset)).toEqual({ memory_mb, cpus: Math.max(2, availableParallelism()), pids: 16_384 });
  const set = { maxMemoryMb: 512, maxCpus: 0.5, maxPids: 100, maxDiskMb: 1_000 };
  expect(limitMaxima({ ...unset, ...set })).toEqual({
    memory_mb: 512,
    cpus: 0.5,
    pids: 100,
    disk_mb: 1_000,
  });
});

it('no session gets more than the maxima unasked, nor is refused what it gets unasked', () => {
  expect(defaultLimits(unset)).toEqual({ memoryMb: 2_048, cpus: 2, pids: 512 });
  const low = { ...unset, maxMemoryMb: 512, maxCpus: 1, maxPids: 64 };
  expect(defaultLimits(low)).toEqual({ memoryMb: 512, cpus: 1, pids: 64 });
  expect(limitMaxima({ ...unset, cpus: 200, memoryMb: 1_000_000 })).toMatchObject({
    cpus: 200,
    memory_mb: 1_000_000,
  });
});
