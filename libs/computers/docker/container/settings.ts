import type Docker from 'dockerode';
import { z } from 'zod';
import type { ComputerLimits, ComputerSpec } from '../../computer.js';
import type { ComputerSettings } from './container-options.js';
import type { Engine } from '../engine/engine.js';
import { LABELS } from '../engine/naming.js';

const limitsLabel = z.object({ memoryMb: z.number(), cpus: z.number(), pids: z.number() });

/** For a new computer. */
export function settingsFor(engine: Engine, spec: ComputerSpec): ComputerSettings {
  const image = spec.image ?? engine.image;
  const limits = { ...engine.limits, ...definedOnly(spec.limits) };
  return {
    image,
    namedImage: image,
    limits,
    network: spec.network ?? engine.network,
    root: spec.root ?? false,
    runtime: spec.runtime ?? engine.runtime,
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
    runtime: labels[LABELS.runtime],
  };
}

function definedOnly(limits: ComputerLimits = {}): Partial<ComputerLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
