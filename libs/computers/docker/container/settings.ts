import type Docker from 'dockerode';
import { z } from 'zod';
import type { ComputerLimits, ComputerSpec } from '../../computer.js';
import type { ComputerSettings } from './container-options.js';
import type { Engine } from '../engine/engine.js';
import { LABELS } from '../engine/naming.js';

const limitsLabel = z.object({ memoryMb: z.number(), cpus: z.number(), pids: z.number() });

/** For a new computer. */
export async function settingsFor(engine: Engine, spec: ComputerSpec): Promise<ComputerSettings> {
  const image = spec.image ?? engine.image;
  const limits = { ...engine.limits, ...definedOnly(spec.limits) };
  const processors = await processorsOf(engine);
  // More than there are is refused by the engine; a session made on a larger machine shall start on a small one.
  return {
    image,
    namedImage: image,
    limits: { ...limits, cpus: Math.min(limits.cpus, processors) },
    network: spec.network ?? engine.network,
    root: spec.root ?? false,
  };
}

/** Of a computer that is there, as its volume remembers them; `ownImage` is the root filesystem kept for it, if any. */
export function settingsOf(
  engine: Engine,
  volume: Docker.VolumeInspectInfo,
  ownImage: string | undefined,
): ComputerSettings {
  const labels: Record<string, string> = volume.Labels ?? {};
  const namedImage = labels[LABELS.image] ?? engine.image;
  const limits = limitsLabel.safeParse(JSON.parse(labels[LABELS.limits] ?? 'null')).data;
  const network = labels[LABELS.network];
  return {
    image: ownImage ?? namedImage,
    namedImage,
    limits: limits ?? engine.limits,
    network: network === 'none' || network === 'egress' ? network : engine.network,
    root: labels[LABELS.root] === 'true',
  };
}

/** The engine takes its time to tell of its machine, which stays the same. */
const processors = new WeakMap<Engine, number>();

async function processorsOf(engine: Engine): Promise<number> {
  const known = processors.get(engine);
  if (known !== undefined) return known;
  const { NCPU: count } = (await engine.docker.info()) as { NCPU: number };
  processors.set(engine, count);
  return count;
}

function definedOnly(limits: ComputerLimits = {}): Partial<ComputerLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
