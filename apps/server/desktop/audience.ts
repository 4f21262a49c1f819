import { ApiError } from '#contracts';
import type { EventEnvelope } from '#domain';
import { DEFAULT_TIMING, type ServerOptions } from '../options.js';
import {
  closeReasonOf,
  CONTROL_LOST,
  CONTROL_RETURNED,
  CONTROL_TAKEN,
  SESSION_DELETED,
  type CloseReason,
} from './close-reason.js';
import { closedWhileWatched } from './require-desktop.js';
import type { Viewer } from './viewer.js';

const MOST_VIEWERS = 8;

/** All who see one session's desktop through this server; sent away by what happens to the session. */
export class Audience {
  /** Resolves when it follows the session, and the views show what was before. */
  readonly ready: Promise<void>;
  private readonly viewers = new Set<Viewer>();
  private readonly stop = new AbortController();

  constructor(
    readonly sessionId: string,
    private readonly options: Pick<ServerOptions, 'store' | 'views' | 'log' | 'timing'>,
    private readonly onControlOver: (leaseId: string) => void,
  ) {
    this.ready = this.begin();
    // Told to each viewer that waits for it.
    this.ready.catch(() => undefined);
  }

  get size(): number {
    return this.viewers.size;
  }

  /**
   * A connection that takes up the control of another one takes its place.
   * @throws ApiError `viewers_exceeded`
   */
  add(viewer: Viewer): void {
    for (const other of this.viewers) {
      if (viewer.leaseId !== undefined && other.leaseId === viewer.leaseId) other.end(CONTROL_TAKEN);
    }
    if (this.size >= MOST_VIEWERS) {
      throw new ApiError(
        'viewers_exceeded',
        `${MOST_VIEWERS} browsers see this desktop already; close one of them first.`,
      );
    }
    this.viewers.add(viewer);
  }

  remove(viewer: Viewer): void {
    this.viewers.delete(viewer);
    if (this.size === 0) this.stop.abort();
  }

  async endAll(reason: CloseReason): Promise<void> {
    const all = [...this.viewers];
    for (const viewer of all) viewer.end(reason);
    await Promise.all(all.map(({ closed }) => closed));
  }

  private async begin(): Promise<void> {
    const { store, views, timing } = this.options;
    const { lastSequence } = await store.info();
    void this.follow(lastSequence);
    await views.runner.waitFor(lastSequence, timing?.visibleWithin ?? DEFAULT_TIMING.visibleWithin);
  }

  /** Without the events nobody could be sent away, so nobody stays. */
  private async follow(after: number): Promise<void> {
    const { sessionId } = this;
    const { signal } = this.stop;
    const { store, log } = this.options;
    try {
      for await (const { event } of store.follow({ after, sessionId, signal })) this.heed(event);
    } catch (error) {
      log.error({ err: error, session: sessionId }, 'the events of a watched session cannot be read');
      this.sendAway(() => true, closeReasonOf(error));
    }
  }

  private heed(event: EventEnvelope): void {
    switch (event.type) {
      case 'session.closed':
        return this.sendAway(() => true, closeReasonOf(closedWhileWatched()));
      case 'session.deleted':
      case 'session.erased':
        return this.sendAway(() => true, SESSION_DELETED);
      case 'control.released':
        return this.sendAway(({ leaseId }) => leaseId === event.data.lease_id, CONTROL_RETURNED);
      case 'control.taken':
        return this.sendAway(
          (viewer) => hasControl(viewer) && viewer.leaseId !== event.data.lease_id,
          CONTROL_TAKEN,
        );
      case 'computer.disrupted':
        return event.data.running ? undefined : this.sendAway(hasControl, CONTROL_LOST);
      case 'state.forced':
        return this.sendAway(hasControl, CONTROL_LOST);
      default:
    }
  }

  private sendAway(concerns: (viewer: Viewer) => boolean, reason: CloseReason): void {
    for (const viewer of [...this.viewers].filter(concerns)) {
      if (viewer.leaseId !== undefined) this.onControlOver(viewer.leaseId);
      viewer.end(reason);
    }
  }
}

function hasControl({ leaseId }: Viewer): boolean {
  return leaseId !== undefined;
}
