import type { Database, Statement } from 'better-sqlite3';
import { openReader } from './database.js';

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
      get: (...params) => this.prepared<R>(sql).get(...params),
      all: (...params) => this.prepared<R>(sql).all(...params),
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
