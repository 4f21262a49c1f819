import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import { ViewFile, type ViewFileOptions } from './view-file.js';

/** Takes a history into a new file of views. */
export interface RebuildTarget {
  /** Resolves when the next batch may come, which may be before this one is applied. */
  append(batch: readonly RecordedEvent[]): Promise<void>;
  /** Resolves when all is applied and safe on disk, and the file is closed. */
  finish(): Promise<void>;
  /** Gives up; the file is worthless then. */
  abandon(): Promise<void>;
}

/** Rebuilds in this thread, in slices of one batch: other work goes on between them. */
export function rebuildHere(options: ViewFileOptions, logCreated: string): RebuildTarget {
  const file = ViewFile.create(options, logCreated);
  return {
    async append(batch) {
      file.append(batch);
      await setImmediate();
    },
    async finish() {
      file.close();
    },
    async abandon() {
      file.close();
    },
  };
}
