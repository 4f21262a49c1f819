import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';
import {
  createCheckpoint,
  fingerprintOf,
  prepareAdvance,
  readCheckpoint,
  type Checkpoint,
} from './checkpoint.js';
import { isDamaged, isStorageFault, isWhole, openWriter, removeDatabase, writeInBulk } from './database.js';
import { placeholderOf, poisonOf, type PoisonEventError } from './poison.js';
import type { Apply, Projection } from './projection.js';

const MANY_FAILURES = 4;

export interface ViewFileOptions {
  path: string;
  projections: readonly Projection[];
  /** Sequences that are passed over. */
  skip: ReadonlySet<number>;
}

/** The SQLite file of all views, and the only connection that writes to it. */
export class ViewFile {
  private checkpoint: Checkpoint;
  private apply: Apply;
  private readonly db: Database;
  private readonly options: ViewFileOptions;
  private readonly advance: ReturnType<typeof prepareAdvance>;
  private readonly applyAll: (events: readonly RecordedEvent[]) => void;
  /** The event in work, for the report when it fails. */
  private current: RecordedEvent | undefined;

  private constructor(db: Database, checkpoint: Checkpoint, options: ViewFileOptions) {
    this.db = db;
    this.checkpoint = checkpoint;
    this.options = options;
    this.apply = prepareAll(db, options.projections);
    this.advance = prepareAdvance(db);
    const transaction = db.transaction((events: readonly RecordedEvent[]) => this.step(events));
    this.applyAll = (events) => {
      this.checkpoint = transaction.immediate(events);
    };
  }

  /** Opens the file if it was written by these projections. */
  static open(options: ViewFileOptions): ViewFile | undefined {
    let db: Database | undefined;
    try {
      db = openWriter(options.path);
      const checkpoint = isWhole(db)
        ? readCheckpoint(db, fingerprintOf(options.projections, options.skip))
        : undefined;
      if (checkpoint !== undefined) return new ViewFile(db, checkpoint, options);
    } catch (error) {
      db?.close();
      if (isDamaged(error)) return undefined;
      throw error;
    }
    db.close();
    return undefined;
  }

  /** Makes the file anew and empty, for the log of that incarnation. */
  static create(
    options: ViewFileOptions,
    logCreated: string,
    mode: 'durable' | 'bulk' = 'durable',
  ): ViewFile {
    removeDatabase(options.path);
    const db = openWriter(options.path);
    try {
      if (mode === 'bulk') writeInBulk(db);
      db.transaction(() => {
        createCheckpoint(db, fingerprintOf(options.projections, options.skip), logCreated);
        for (const { schema } of options.projections) db.exec(schema);
      })();
      const checkpoint = { sequence: 0, eventId: '', sessionId: '', logCreated };
      return new ViewFile(db, checkpoint, options);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.db.open;
  }

  get position(): Checkpoint {
    return this.checkpoint;
  }

  /**
   * Applies events and moves the checkpoint, in one transaction; those at or before the checkpoint are passed over. An
   * event that a projection fails on becomes an `event.unreadable` of its session, and the others go on.
   * @returns the events that failed
   * @throws PoisonEventError when not even that can be applied
   */
  append(batch: readonly RecordedEvent[]): PoisonEventError[] {
    const fresh = batch.filter(({ sequence }) => sequence > this.checkpoint.sequence);
    if (fresh.length === 0) return [];
    const poisons: PoisonEventError[] = [];
    for (let size = fresh.length, start = 0; start < fresh.length;) {
      const events = fresh.slice(start, start + size);
      const failed = this.tryAll(events);
      if (failed === undefined) {
        start += size;
      } else if (events.length > 1 && (failed.final || poisons.length >= MANY_FAILURES)) {
        // Each failure costs the whole batch once more, so many of them are met one by one; and so is a final one,
        // which ends the views right before it.
        size = 1;
      } else {
        if (failed.final) throw failed.poison;
        poisons.push(failed.poison);
        fresh[fresh.indexOf(failed.recorded)] = placeholderOf(failed.recorded, failed.poison.poison);
      }
    }
    // Erased content must not stay in the write-ahead log either.
    if (fresh.some(({ event }) => event.type === 'session.erased'))
      this.db.pragma('wal_checkpoint(TRUNCATE)');
    return poisons;
  }

  private tryAll(events: readonly RecordedEvent[]) {
    try {
      this.applyAll(events);
      return undefined;
    } catch (error) {
      const recorded = this.current;
      this.current = undefined;
      this.apply = prepareAll(this.db, this.options.projections);
      if (recorded === undefined || isStorageFault(error) || isDamaged(error)) throw error;
      const final = recorded.event.type === 'event.unreadable';
      return { recorded, final, poison: poisonOf(recorded, error) };
    }
  }

  /** Closes the file; as the last connection it also folds the write-ahead log into it. */
  close(): void {
    this.db.close();
  }

  private step(events: readonly RecordedEvent[]): Checkpoint {
    const { skip } = this.options;
    for (const recorded of events) {
      this.current = recorded;
      if (!skip.has(recorded.sequence)) this.apply(recorded);
    }
    this.current = undefined;
    const last = events.at(-1);
    return last === undefined ? this.checkpoint : this.advance(this.checkpoint, last);
  }
}

function prepareAll(db: Database, projections: readonly Projection[]): Apply {
  const all = projections.map((projection) => projection.prepare(db));
  return (recorded) => {
    for (const apply of all) apply(recorded);
  };
}
