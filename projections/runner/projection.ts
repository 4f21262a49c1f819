import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';

/** Puts one event into the view. Synchronous; throwing marks the event as poison and halts all views. */
export type Apply = (recorded: RecordedEvent) => void;

/** One view: its tables, and how an event changes them. */
export interface Projection {
  /** Name in logs and in the file's fingerprint. */
  name: string;
  /** Bump it when `prepare` changes what it writes: the file is then rebuilt at the next start. */
  version: number;
  /** DDL of the view's tables and indexes; a change of it rebuilds too. */
  schema: string;
  /** `import.meta.url` of the module that exports this as `projection`; lets a worker thread load it. */
  module: string;
  /**
   * Prepares the view's statements. What the returned function remembers between calls must only be a cache:
   * after a batch that was rolled back, `prepare` is called anew.
   * The rows must follow from the log alone, whatever was erased from it meanwhile: no clock, no row ids, no randomness.
   */
  prepare(db: Database): Apply;
}
