import { loadBelongings } from '#computers';
import { loadConfig, openHome, RuntimeError } from '#runtime';
import { CONTAINERS } from '../containers/composition.js';
import { stopContainers } from '../containers/down.js';
import { readMarker } from '../containers/marker.js';
import { startContainers } from '../containers/up.js';
import type { TaskOutput } from './task.js';

/** `containers up|down|status` */
export async function containersTask(
  [verb]: readonly string[],
  env: NodeJS.ProcessEnv,
  output: TaskOutput,
): Promise<void> {
  if (verb === 'up') return output.result(await startContainers(env, output.step));
  const home = await openHome(loadConfig({ env }).home);
  if (verb === 'down') return output.result({ stopped: await stopContainers(home) });
  if (verb !== 'status') throw new RuntimeError('usage', 'containers takes up, down or status.');
  const marker = await readMarker(home);
  const health = marker === undefined ? [] : await (await loadBelongings()).healthOf(CONTAINERS);
  output.result(marker === undefined ? null : { ...marker, containers: health });
}
