import { readFile } from 'node:fs/promises';
import { loadConfig, openHome, RuntimeError } from '#runtime';
import { homeOfRole, readRole } from '../role.js';
import type { ServiceFile } from '../service-file.js';

const ANSWERS_WITHIN_MS = 3_000;

/** Asks the process of this role how it is; for the health check of a container. */
export async function healthTask(env: NodeJS.ProcessEnv, argv: readonly string[]): Promise<void> {
  const home = homeOfRole(await openHome(loadConfig({ env }).home), readRole(env, argv));
  const { url } = JSON.parse(await readFile(home.serviceFile, 'utf8')) as ServiceFile;
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
  if (!response.ok) throw new RuntimeError('unhealthy', `${url} answers ${response.status}.`);
}
