import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';
import {
  createCheckpoint,
  fingerprintOf,
  prepareAdvance,
  readCheckpoint,
  type Checkpoint,
} from './checkpoint.js';
import { isDamaged, isStorageFault, openWriter, removeDatabase, writeInBulk } from './database.js';
import { poisonOf } from './poison.js';
import type { Apply, Projection } from './projection.js';

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
      const checkpoint = readCheckpoint(db, fingerprintOf(options.projections));
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
    if (mode === 'bulk') writeInBulk(db);
    db.transaction(() => {
      createCheckpoint(db, fingerprintOf(options.projections), logCreated);
      for (const { schema } of options.projections) db.exec(schema);
    })();
    const checkpoint = { sequence: 0, eventId: '', sessionId: '', logCreated };
    return new ViewFile(db, checkpoint, options);
  }

  get position(): Checkpoint {
    return this.checkpoint;
  }

  /**
   * Applies events and moves the checkpoint, in one transaction; those at or before the checkpoint are passed over.
   * @throws PoisonEventError when a projection fails; the events before it are applied then
   */
  append(batch: readonly RecordedEvent[]): void {
    const fresh = batch.filter(({ sequence }) => sequence > this.checkpoint.sequence);
    if (fresh.length === 0) return;
    try {
      this.applyAll(fresh);
    } catch (error) {
      const failed = this.current;
      this.apply = prepareAll(this.db, this.options.projections);
      if (failed === undefined || isStorageFault(error) || isDamaged(error)) throw error;
      const before = fresh.slice(0, fresh.indexOf(failed));
      if (before.length > 0) this.applyAll(before);
      throw poisonOf(failed, error);
    }
    // Erased content must not stay in the write-ahead log either.
    if (fresh.some(({ event }) => event.type === 'session.erased'))
      this.db.pragma('wal_checkpoint(TRUNCATE)');
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
