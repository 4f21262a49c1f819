import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Gives the desktop back to Host; nothing happens when the lease is over, or lasts longer than `ifUntil`. */
export class ReleaseControl extends SessionMessage<{
  leaseId: string;
  reason: EventData['control.released']['reason'];
  /** Unix seconds. */
  ifUntil?: number;
}> {}
