import type { CopyParts } from '../../../computer.js';
import { pythonProgram } from '../python-program.js';

/** How much of a tree a snapshot has room for, as in the format of snapshots. */
export interface StoreRoom {
  entries: number;
  written_bytes: number;
}

/** What the program is told, as a line of JSON on its standard input; `id` comes back in the answer. */
export type StoreRequest =
  /** Takes a snapshot: these three in a row, the second one only if the first says so. */
  | { verb: 'begin'; running: boolean; seconds: number; paused_seconds: number; room: StoreRoom }
  | { verb: 'look_paused' }
  | { verb: 'commit'; snapshot: string; unrecorded: boolean }
  | { verb: 'known'; snapshot: string }
  | { verb: 'list'; snapshot: string }
  | { verb: 'read'; snapshot: string; path: string; max: number }
  | { verb: 'keep_only'; keep: string[] }
  | { verb: 'forget_copy'; snapshot: string }
  | { verb: 'restore'; snapshot: string }
  | { verb: 'copy'; snapshot: string; parts: CopyParts };

const MODULES = [
  ...['limits', 'names', 'descent', 'entries', 'attributes', 'objects', 'tree', 'capture', 'find'],
  ...['manifests', 'lines', 'snapshot', 'fill', 'retention', 'serve'],
];

/** The snapshot store of a session, for a container beside its own. */
export const STORE_PROGRAM = pythonProgram(new URL('./', import.meta.url), MODULES);
