import type { Database, Statement } from 'better-sqlite3';
import { isDamaged, openReader } from './database.js';

/** The file of the views is damaged. They are being made anew from the log, so the same query works again soon. */
export class DamagedViewError extends Error {
  override readonly name = 'DamagedViewError';
  readonly code = 'view_unavailable';
  constructor(options: ErrorOptions) {
    super(
      'The views were damaged on disk and are being rebuilt from the log; ask again in a moment.',
      options,
    );
  }
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

  reopen(): void {
    this.db = openReader(this.path);
  }

  /** Called when a query finds that the file is damaged. */
  onDamage: (error: unknown) => void = () => undefined;

  private read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      if (!isDamaged(error)) throw error;
      this.onDamage(error);
      throw new DamagedViewError({ cause: error });
    }
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
