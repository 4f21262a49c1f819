import type { Computers } from '#computers';
import { DeleteSession } from '#commands';
import { messageOf, type Logger } from '#runtime';
import type { CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import { OPERATOR, type ExecuteCommand } from './execute.js';
import type { IdleTimers } from './idle-timer.js';
import type { OrphanSweep } from './orphan-sweep.js';
import type { Outage } from './outage.js';
import { belongsHere } from './plan.js';
import type { SessionDirectory } from './ports.js';
import type { Reconciler } from './reconciler.js';

/** Seconds after which an unfinished copy is taken for one that a crash left. */
const ABANDONED_COPY_SECONDS = 300;

export interface SweepParts {
  node: string;
  computers: Computers;
  directory: SessionDirectory;
  sessions: CurrentSessions;
  reconciler: Reconciler;
  outage: Outage;
  idleTimers: IdleTimers;
  orphans: OrphanSweep;
  execute: ExecuteCommand;
  logger: Logger;
}

/** Sessions that a sweep looks at side by side; far fewer than the operator can, so that events do not wait for it. */
const SWEPT_AT_ONCE = 8;

/** Looks at everything there is, for what no event tells: dead computers, orphans, what a crash left half-done. */
export class Sweep {
  private readonly unknown = new Set<string>();

  constructor(private readonly parts: SweepParts) {}

  /** Resolves when all is looked at. Never throws; what fails is logged and swept again next time. */
  async run(): Promise<void> {
    await this.guarded('computers', () => this.wakeComputers());
    if (!this.parts.outage.isOn) await this.guarded('sessions', () => this.reconcileLive());
    await this.guarded('idle timers', async () => this.armIdle());
    await this.guarded('unfinished remixes', () => this.eraseUnfinished());
    await this.guarded('orphaned data', () => this.parts.orphans.run());
  }

  private async reconcileLive(): Promise<void> {
    const { directory, node, outage, reconciler } = this.parts;
    const ids = [...directory.live()].filter((session) => belongsHere(session, node)).map(({ id }) => id);
    const worker = async () => {
      for (let id = ids.pop(); id !== undefined && !outage.isOn; id = ids.pop()) {
        await reconciler.reconcileQuietly(id);
      }
    };
    await Promise.all(Array.from({ length: SWEPT_AT_ONCE }, worker));
  }

  /** A computer that runs for a closed session is stopped, one of a deleted session removed. */
  private async wakeComputers(): Promise<void> {
    const { computers, directory, outage, reconciler } = this.parts;
    const found = await outage.during(() =>
      within(DEADLINES.inspect, 'Listing the computers', computers.list()),
    );
    const live = new Set([...directory.live()].map(({ id }) => id));
    for (const { sessionId, running } of found.filter((info) => !live.has(info.sessionId))) {
      const exists = directory.exists(sessionId);
      if (!exists) await this.reportUnknown(sessionId);
      if (running || !exists) reconciler.wake(sessionId);
    }
  }

  /** Computers of sessions that this log never had may be somebody else's; they are left alone. */
  private async reportUnknown(sessionId: string): Promise<void> {
    if (this.unknown.has(sessionId)) return;
    const { state } = await this.parts.sessions.load(sessionId);
    if (state.lifecycle !== 'none') return;
    this.unknown.add(sessionId);
    this.parts.logger.warn(
      { session: sessionId },
      'a computer of an unknown session is left alone; remove it by hand',
    );
  }

  private armIdle(): void {
    for (const session of [...this.parts.directory.idle()]) this.parts.idleTimers.observeIdle(session);
  }

  private async eraseUnfinished(): Promise<void> {
    for (const id of [...this.parts.directory.unfinishedRemixes(ABANDONED_COPY_SECONDS)]) {
      const { state } = await this.parts.sessions.load(id);
      if (state.lifecycle !== 'copying') continue;
      await this.parts.execute(new DeleteSession(id, { erase: true }, OPERATOR));
      this.parts.logger.info({ session: id }, 'erased a remix whose copy was never finished');
    }
  }

  private async guarded(part: string, sweep: () => Promise<void>): Promise<void> {
    try {
      await sweep();
    } catch (error) {
      if (this.parts.outage.covers(error)) return;
      this.parts.logger.warn(
        { part, error: messageOf(error) },
        'a part of the sweep failed; the next one tries again',
      );
    }
  }
}
