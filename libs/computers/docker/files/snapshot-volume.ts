import type { DockerComputer } from '../docker-computer.js';
import { LABELS } from '../engine/naming.js';

/** Nothing happens to one that is there. It is there without any snapshot too, for a helper to look into. */
export async function makeSnapshotVolume({ engine, names }: DockerComputer): Promise<void> {
  await engine.docker.createVolume({
    Name: names.snapshots,
    Labels: { [LABELS.managed]: 'true', [LABELS.home]: engine.home, [LABELS.snapshots]: names.sessionId },
  });
}
