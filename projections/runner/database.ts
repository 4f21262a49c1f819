import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Database as Connection } from 'better-sqlite3';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * `durable` survives a crash up to the last commits, which the log gives again. `scratch` does not sync at all:
 * for a file that is thrown away when it does not get finished.
 */
export type WriterMode = 'durable' | 'scratch';

/** Opens the one connection that writes, and makes the file (0600) when it is missing. */
export function openWriter(path: string, mode: WriterMode): Connection {
  // SQLite gives its -wal and -shm files the mode of the database.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
  const db = new Database(path, { timeout: 5_000 });
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${mode === 'durable' ? 'NORMAL' : 'OFF'}`);
  db.pragma(`journal_size_limit = ${64 * MIB}`);
  db.pragma(`wal_autocheckpoint = ${mode === 'durable' ? 4_000 : 16_000}`);
  db.pragma(`cache_size = ${-64 * KIB}`);
  db.pragma('foreign_keys = ON');
  // What was erased must not stay readable in free pages.
  db.pragma('secure_delete = ON');
  return db;
}

export function openReader(path: string): Connection {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
  db.pragma(`cache_size = ${-32 * KIB}`);
  db.pragma(`mmap_size = ${256 * MIB}`);
  return db;
}

/** Removes a database with its side files. A -wal left behind would be replayed into the next file of that name. */
export function removeDatabase(path: string): void {
  for (const file of [`${path}-wal`, `${path}-shm`, path]) rmSync(file, { force: true });
}

/** Faults of the disk or of locking: they say nothing about the event at hand, and may pass. */
export function isStorageFault(error: unknown): boolean {
  if (!(error instanceof Database.SqliteError)) return false;
  return /^SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOMEM|LOCKED|PROTOCOL)/.test(error.code);
}

/** The file is no database, or damaged. */
export function isDamaged(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
}
