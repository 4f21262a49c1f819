import { readFileSync } from 'node:fs';
import type { ServiceFile } from '../location/home.js';

const BUILT = new URL('../../../../../.built', import.meta.url);

/** For people whose service began before the last build: it goes on with the programs that it had then. */
export const OLDER_BUILD =
  'The running service is of another build than this command line. To change to this one: raworc stop, then raworc start.';

/** Whether the service runs other programs than those beside this command line. False where that cannot be told. */
export function runsAnotherBuild(service: Pick<ServiceFile, 'build'>): boolean {
  const own = ownBuild();
  return own !== undefined && service.build !== own;
}

function ownBuild(): string | undefined {
  try {
    return (JSON.parse(readFileSync(BUILT, 'utf8')) as { id: string }).id;
  } catch {
    return undefined;
  }
}
