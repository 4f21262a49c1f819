import type { Database, Statement } from 'better-sqlite3';
import { isDamaged, isStorageFault, openReader } from './database.js';

/** The views cannot be read now. They are mended without anybody's help, so the same query works again soon. */
export class ViewUnavailableError extends Error {
  override readonly name = 'ViewUnavailableError';
  readonly code = 'view_unavailable';
}

/** The disk failed while the views were made anew beside those in use. */
export function noRoomToRebuild(reason: string, options?: ErrorOptions): ViewUnavailableError {
  return new ViewUnavailableError(
    `The views could not be rebuilt: ${reason}. They stay as they were; make room on the disk and rebuild them again.`,
    options,
  );
}

/** A prepared query. It survives a rebuild: after the swap it runs on the new file. */
export interface Query<P extends unknown[], R> {
  get(...params: P): R | undefined;
  all(...params: P): R[];
}

/** The read-only connection for queries; every result is complete when a call returns. */
export class ViewReader {
  private db: Database;
  private readonly statements = new Map<string, Statement<unknown[], unknown>>();

  constructor(private readonly path: string) {
    this.db = openReader(path);
  }

  /** A query by its SQL; the same text is prepared once. */
  query<P extends unknown[], R>(sql: string): Query<P, R> {
    return {
      get: (...params) => this.read(() => this.prepared<R>(sql).get(...params)),
      all: (...params) => this.read(() => this.prepared<R>(sql).all(...params)),
    };
  }

  /** Runs several queries on one state of the views. */
  snapshot<T>(read: () => T): T {
    return this.db.transaction(read)();
  }

  close(): void {
    this.statements.clear();
    this.db.close();
  }

  get isOpen(): boolean {
    return this.db.open;
  }

  reopen(): void {
    this.db = openReader(this.path);
  }

  /** Called when a query finds that the file is damaged. */
  onDamage: (error: unknown) => void = () => undefined;

  private read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw this.explained(error);
    }
  }

  private explained(error: unknown): unknown {
    if (isDamaged(error)) {
      this.onDamage(error);
      return new ViewUnavailableError(
        'The views were damaged on disk and are being rebuilt from the log; ask again in a moment.',
        { cause: error },
      );
    }
    if (this.db.open && !isStorageFault(error)) return error;
    return new ViewUnavailableError(
      'The views cannot be read from the disk now. They go on by themselves once there is room on it again; ask again in a moment.',
      { cause: error },
    );
  }

  private prepared<R>(sql: string): Statement<unknown[], R> {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare<unknown[], unknown>(sql);
      this.statements.set(sql, statement);
    }
    return statement as Statement<unknown[], R>;
  }
}

/** Reads a file of views from outside of the process that writes it. */
export function openViewReader(path: string): ViewReader {
  return new ViewReader(path);
}
