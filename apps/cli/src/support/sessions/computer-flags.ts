import * as Flags from '@oclif/core/flags';
import type { CreateSession } from '#contracts';
import { usageError } from '../errors/cli-error.js';

const IN_CONTAINERS = 'COMPUTER (in containers)';

/** What a new session's computer is like. */
export const computerFlags = {
  desktop: Flags.boolean({
    allowNo: true,
    helpGroup: IN_CONTAINERS,
    description: 'a screen that Host sees and uses; default: as the service is set up',
  }),
  root: Flags.boolean({
    helpGroup: IN_CONTAINERS,
    description: "Host's tools work as root inside the computer",
  }),
  network: Flags.option({
    options: ['egress', 'none'] as const,
    helpGroup: IN_CONTAINERS,
    description: 'what the computer reaches: the internet (egress), or nothing but itself (none)',
  })(),
  runtime: Flags.string({
    helpValue: 'NAME',
    helpGroup: IN_CONTAINERS,
    description: 'container runtime of the computer, one that the engine knows, such as runsc',
  }),
  image: Flags.string({
    helpValue: 'NAME',
    helpGroup: IN_CONTAINERS,
    description: 'container image of the computer, one that the engine has (docker pull)',
  }),
  memory: Flags.integer({
    min: 64,
    max: 1_048_576,
    helpValue: 'MIB',
    helpGroup: IN_CONTAINERS,
    description: 'memory at most, from 64; default: RAWORC_MEMORY_MB of the service, or 2048',
  }),
  cpus: Flags.string({
    helpValue: 'N',
    helpGroup: IN_CONTAINERS,
    description: 'processors at most, from 0.1 to 256; default: RAWORC_CPUS of the service, or 2',
  }),
  pids: Flags.integer({
    min: 16,
    max: 1_000_000,
    helpValue: 'N',
    helpGroup: IN_CONTAINERS,
    description: 'processes and threads at most, from 16; default: RAWORC_PIDS of the service, or 512',
  }),
};

interface ComputerFlags {
  desktop?: boolean;
  root?: boolean;
  network?: 'egress' | 'none';
  runtime?: string;
  image?: string;
  memory?: number;
  cpus?: string;
  pids?: number;
}

/** The part of the request that these flags stand for; what was not given is left to the service. */
export function computerOf(flags: ComputerFlags): Partial<CreateSession> {
  const { desktop, root, network, runtime, image, memory: memory_mb, pids } = flags;
  const cpus = processors(flags.cpus);
  const limited = memory_mb !== undefined || cpus !== undefined || pids !== undefined;
  return {
    desktop,
    root: root || undefined,
    network,
    runtime,
    image,
    limits: limited ? { memory_mb, cpus, pids } : undefined,
  };
}

function processors(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cpus = Number(text);
  if (cpus >= 0.1 && cpus <= 256) return cpus;
  throw usageError(`"${text}" is no number of processors from 0.1 to 256.`, 'Write for example --cpus 1.5.');
}
