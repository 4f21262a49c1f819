import type { SessionContainer } from '../container/session-container.js';
import { makeVolume } from '../engine/engine.js';
import { LABELS } from '../engine/naming.js';

/** Nothing happens to one that is there. It is there without any snapshot too, for a helper to look into. */
export function makeSnapshotVolume({ engine, names }: SessionContainer): Promise<void> {
  return makeVolume(engine, names.snapshots, {
    [LABELS.managed]: 'true',
    [LABELS.home]: engine.home,
    [LABELS.snapshots]: names.sessionId,
  });
}
