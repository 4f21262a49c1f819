import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '#event-store';
import { dump, type Projection } from '#projections/runner';
import { ViewFile } from '../runner/view-file.js';
import { ViewReader } from '../runner/view-reader.js';

/** Views in a temporary folder, fed by hand. */
export interface TestView {
  path: string;
  reader: ViewReader;
  apply(events: readonly RecordedEvent[]): void;
  dump(): string;
  /** Closes the file and removes the folder. */
  remove(): void;
}

export function openTestView(...projections: Projection[]): TestView {
  const dir = mkdtempSync(join(tmpdir(), 'raworc-views-'));
  const path = join(dir, 'views.db');
  const file = ViewFile.create({ path, projections, skip: new Set() }, 'now');
  const reader = new ViewReader(path);
  return {
    path,
    reader,
    apply: (events) => file.append(events),
    dump: () => [...dump(path)].join(''),
    remove() {
      reader.close();
      file.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
