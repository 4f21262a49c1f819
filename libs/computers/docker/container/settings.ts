import type Docker from 'dockerode';
import { z } from 'zod';
import type { ComputerLimits, ComputerSpec } from '../../computer.js';
import type { ComputerSettings } from './container-options.js';
import { type Engine, found } from '../engine/engine.js';
import { LABELS, type SessionNames } from '../engine/naming.js';

const limitsLabel = z.object({ memoryMb: z.number(), cpus: z.number(), pids: z.number() });

/** For a new computer. */
export async function settingsFor(engine: Engine, spec: ComputerSpec): Promise<ComputerSettings> {
  const image = spec.image ?? engine.image;
  const limits = { ...engine.limits, ...definedOnly(spec.limits) };
  const { NCPU: processors } = (await engine.docker.info()) as { NCPU: number };
  // More than there are is refused by the engine; a session made on a larger machine shall start on a small one.
  return {
    image,
    namedImage: image,
    limits: { ...limits, cpus: Math.min(limits.cpus, processors) },
    network: spec.network ?? engine.network,
    root: spec.root ?? false,
  };
}

/** Of a computer that is there, as its volume remembers them. */
export async function settingsOf(
  engine: Engine,
  names: SessionNames,
  volume: Docker.VolumeInspectInfo,
): Promise<ComputerSettings> {
  const labels: Record<string, string> = volume.Labels ?? {};
  const namedImage = labels[LABELS.image] ?? engine.image;
  const own = await found(engine.docker.getImage(names.rootImage).inspect());
  const limits = limitsLabel.safeParse(JSON.parse(labels[LABELS.limits] ?? 'null')).data;
  const network = labels[LABELS.network];
  return {
    image: own ? names.rootImage : namedImage,
    namedImage,
    limits: limits ?? engine.limits,
    network: network === 'none' || network === 'egress' ? network : engine.network,
    root: labels[LABELS.root] === 'true',
  };
}

function definedOnly(limits: ComputerLimits = {}): Partial<ComputerLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
