import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '#contracts';
import type { EventEnvelope, SessionState } from '#domain';
import { SESSION_CAPS, type SessionCaps } from './ports.js';

/** How a command leads to one open session more: a session begins, or a closed one opens again. */
export type Opening = 'begins' | 'reopens';

/** What these events do to the number of open sessions; undefined: nothing, or they lower it. */
export function openingOf(before: SessionState, events: readonly EventEnvelope[]): Opening | undefined {
  if (before.lifecycle === 'none') return 'begins';
  if (before.lifecycle !== 'live' || before.status !== 'closed') return undefined;
  return events.some(reopens) ? 'reopens' : undefined;
}

function reopens(event: EventEnvelope): boolean {
  return event.type === 'session.restored' || (event.type === 'state.forced' && event.data.to !== 'closed');
}

/** Holds the number of sessions to its caps. */
@Injectable()
export class SessionQuota {
  private readonly open: Gauge | undefined;
  private readonly all: Gauge | undefined;

  constructor(@Inject(SESSION_CAPS) caps: SessionCaps | undefined) {
    if (caps === undefined) return;
    const { counts } = caps;
    const position = () => counts.position();
    if (caps.open > 0) this.open = new Gauge(caps.open, position, () => counts.open());
    if (caps.all > 0) this.all = new Gauge(caps.all, position, () => counts.all());
  }

  /**
   * For a command that costs something before it is stored.
   * @throws ApiError `sessions_exceeded`
   */
  requireRoom(opening: Opening): void {
    if (this.open?.isFull()) throw tooManyOpen(this.open.cap);
    if (opening === 'begins' && this.all?.isFull()) throw tooMany(this.all.cap);
  }

  /**
   * Stores what opens a session. It holds its place until the views count it, so that many at once stay below the cap.
   * @throws ApiError `sessions_exceeded`, and what `store` throws
   */
  async admit<T extends { sequence: number }>(opening: Opening, store: () => Promise<T>): Promise<T> {
    this.requireRoom(opening);
    const gauges = opening === 'begins' ? [this.open, this.all] : [this.open];
    const places = gauges.map((gauge) => gauge?.take());
    try {
      const stored = await store();
      for (const place of places) place?.keepUntil(stored.sequence);
      return stored;
    } catch (error) {
      for (const place of places) place?.giveBack();
      throw error;
    }
  }
}

interface Place {
  /** The views count the session once they have this event. */
  keepUntil(sequence: number): void;
  giveBack(): void;
}

/**
 * How near a number of sessions is to its cap. No event adds more than one session, so it is counted only when that
 * bound has reached the cap.
 */
class Gauge {
  private counted = 0;
  private countedAt = -1;
  /** Each with the event that makes the views count it, once it is stored. */
  private readonly places = new Set<{ sequence: number }>();

  constructor(
    readonly cap: number,
    private readonly position: () => number,
    private readonly count: () => number,
  ) {}

  isFull(): boolean {
    const position = this.position();
    const grown = position - this.countedAt;
    const known = this.countedAt >= 0 && grown >= 0;
    if (known && this.counted + grown + this.places.size < this.cap) return false;
    for (const place of this.places) if (place.sequence <= position) this.places.delete(place);
    this.counted = this.count();
    this.countedAt = position;
    return this.counted + this.places.size >= this.cap;
  }

  take(): Place {
    const place = { sequence: Infinity };
    this.places.add(place);
    return {
      keepUntil: (sequence) => void (place.sequence = sequence),
      giveBack: () => void this.places.delete(place),
    };
  }
}

function tooManyOpen(cap: number): ApiError {
  return new ApiError(
    'sessions_exceeded',
    `This service keeps at most ${cap} sessions open at once (the setting RAWORC_MAX_OPEN_SESSIONS), and as many are. Close or delete some, then send this again; GET /api/v0/sessions?state=idle lists those that do nothing now.`,
  );
}

function tooMany(cap: number): ApiError {
  return new ApiError(
    'sessions_exceeded',
    `This service keeps at most ${cap} sessions (the setting RAWORC_MAX_SESSIONS), closed ones included, and as many are there. Delete some, then send this again; GET /api/v0/sessions?state=closed lists those that are closed.`,
  );
}
