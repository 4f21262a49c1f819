import type { Computers } from '#computers';
import type { EventEnvelope } from '#domain';
import type { Logger } from '#runtime';
import { DiskGuard, DiskKnowledge } from './disk-guard.js';

/** Sessions whose files something is known of; of others they are counted anew. */
const KNOWN_SESSIONS = 4_096;
const MIB = 1024 * 1024;

export interface DiskGuardOptions {
  computers: Computers;
  /** MiB that a session may use that sets no limit; 0: as much as there is. */
  maxDiskMb: number;
  diskLookMs: number;
}

/** The guards of all sessions. What they know outlives a turn: else many short turns would never be looked at. */
export class DiskGuards {
  private readonly known = new Map<string, DiskKnowledge>();

  constructor(private readonly options: DiskGuardOptions) {}

  /** Undefined where nothing is limited. */
  of(sessionId: string, events: readonly EventEnvelope[], logger: Logger): DiskGuard | undefined {
    const { computers, maxDiskMb, diskLookMs: everyMs } = this.options;
    const created = events.find((event) => event.type === 'session.created');
    // The maximum may have been lowered since the session was created.
    const limitMb = lower(created?.data.limits.disk_mb ?? 0, maxDiskMb);
    if (limitMb === 0) return undefined;
    const parts = { computers, sessionId, maxBytes: limitMb * MIB, everyMs, logger };
    return new DiskGuard(this.knowledgeOf(sessionId), parts);
  }

  private knowledgeOf(sessionId: string): DiskKnowledge {
    const knowledge = this.known.get(sessionId) ?? new DiskKnowledge();
    this.known.delete(sessionId);
    this.known.set(sessionId, knowledge);
    const [oldest] = this.known.keys();
    if (this.known.size > KNOWN_SESSIONS && oldest !== undefined) this.known.delete(oldest);
    return knowledge;
  }
}

/** Of two limits of which 0 is none. */
function lower(left: number, right: number): number {
  return left === 0 || right === 0 ? Math.max(left, right) : Math.min(left, right);
}
