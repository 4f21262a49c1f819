import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordedEvent } from '#event-store';
import { PoisonEventError } from './poison.js';
import type { Projection } from './projection.js';
import type { RebuildReply, RebuildRequest, RebuildWorkerData } from './rebuild-messages.js';
import { ViewFile } from './view-file.js';

const { path, logCreated, skip, modules } = workerData as RebuildWorkerData;
const projections = await Promise.all(modules.map(loadProjection));
const file = ViewFile.create({ path, projections, skip }, logCreated, 'scratch');

parentPort?.on('message', (request: RebuildRequest) => parentPort?.postMessage(answer(request)));

async function loadProjection(module: string): Promise<Projection> {
  const loaded = (await import(module)) as { projection: Projection };
  return loaded.projection;
}

function answer(request: RebuildRequest): RebuildReply {
  try {
    if (request === 'finish') finish();
    else file.append(JSON.parse(request.batch) as RecordedEvent[]);
    return 'done';
  } catch (error) {
    if (error instanceof PoisonEventError) return { poison: error.poison };
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** The file was written without syncing; it must be whole on disk before it replaces the one in use. */
function finish(): void {
  file.close();
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
  parentPort?.close();
}
