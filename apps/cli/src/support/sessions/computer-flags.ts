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
    description: 'what the computer reaches',
  })(),
  image: Flags.string({ helpGroup: IN_CONTAINERS, description: 'container image of the computer' }),
  memory: Flags.integer({
    min: 64,
    helpValue: 'MIB',
    helpGroup: IN_CONTAINERS,
    description: 'memory at most',
  }),
  cpus: Flags.string({
    helpValue: 'N',
    helpGroup: IN_CONTAINERS,
    description: 'processors at most, such as 1.5',
  }),
  pids: Flags.integer({
    min: 16,
    helpValue: 'N',
    helpGroup: IN_CONTAINERS,
    description: 'processes at most',
  }),
};

interface ComputerFlags {
  desktop?: boolean;
  root?: boolean;
  network?: 'egress' | 'none';
  image?: string;
  memory?: number;
  cpus?: string;
  pids?: number;
}

/** The part of the request that these flags stand for; what was not given is left to the service. */
export function computerOf(flags: ComputerFlags): Partial<CreateSession> {
  const { desktop, root, network, image, memory: memory_mb, pids } = flags;
  const cpus = processors(flags.cpus);
  const limited = memory_mb !== undefined || cpus !== undefined || pids !== undefined;
  return {
    desktop,
    root: root || undefined,
    network,
    image,
    limits: limited ? { memory_mb, cpus, pids } : undefined,
  };
}

function processors(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cpus = Number(text);
  if (Number.isFinite(cpus) && cpus > 0) return cpus;
  throw usageError(`"${text}" is no number of processors.`, 'Write for example --cpus 1.5.');
}
