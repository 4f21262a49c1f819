import { closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Database as Connection } from 'better-sqlite3';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Opens the one connection that writes, and makes the file (0600) when it is missing. */
export function openWriter(path: string): Connection {
  // SQLite gives its -wal and -shm files the mode of the database.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
  const db = new Database(path, { timeout: 5_000 });
  try {
    return forWriting(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

function forWriting(db: Connection): Connection {
  db.pragma('journal_mode = WAL');
  // What a crash of the machine takes from the end, the log gives again.
  db.pragma('synchronous = NORMAL');
  db.pragma(`journal_size_limit = ${64 * MIB}`);
  db.pragma('wal_autocheckpoint = 4000');
  db.pragma(`cache_size = ${-64 * KIB}`);
  db.pragma('foreign_keys = ON');
  // What was erased must not stay readable in free pages.
  db.pragma('secure_delete = ON');
  return db;
}

/** For a file that is thrown away when its making fails: what has to survive is on the log. */
export function writeInBulk(db: Connection): void {
  db.pragma('journal_mode = MEMORY');
  db.pragma('synchronous = OFF');
}

/** Makes sure that a file is on the disk. */
export function syncToDisk(path: string): void {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
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
  return /^SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOMEM|LOCKED|PROTOCOL)/.test(codeOf(error));
}

/** Looks at every page, without comparing indexes with their tables. */
export function isWhole(db: Connection): boolean {
  return db.pragma('quick_check(1)', { simple: true }) === 'ok';
}

/** The file is no database, or damaged. */
export function isDamaged(error: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(codeOf(error));
}

/** By its shape: the native part throws the error class of the module instance that was loaded first. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return String(error.code);
}
