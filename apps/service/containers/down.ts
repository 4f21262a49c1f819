import { existsSync } from 'node:fs';
import type { Home } from '#runtime';
import { compose, findCompose } from './compose-command.js';
import { compositionOf, envFileOf } from './composition.js';
import { readMarker, removeMarker } from './marker.js';

/** Stops and removes the service's containers; what it knows lies in the home. False when there were none. */
export async function stopContainers(home: Home): Promise<boolean> {
  if ((await readMarker(home)) === undefined) return false;
  if (existsSync(envFileOf(home))) {
    await compose(await findCompose(), [...compositionOf(home), 'down', '--timeout', '20']);
  }
  await removeMarker(home);
  return true;
}
