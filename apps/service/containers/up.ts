import { setTimeout as delay } from 'node:timers/promises';
import { loadBelongings, loadImages } from '#computers';
import {
  ensureToken,
  findHomeOwner,
  findNatsServer,
  HomeError,
  loadConfig,
  openHome,
  RuntimeError,
  type Config,
  type Home,
} from '#runtime';
import { compose, findCompose } from './compose-command.js';
import { compositionOf, CONTAINERS, writeComposition } from './composition.js';
import { stopContainers } from './down.js';
import { writeMarker, type ContainersMarker } from './marker.js';

const HEALTHY_WITHIN_MS = 120_000;
const POLL_MS = 250;
/** One that ended so often will not get well by itself. */
const GIVE_UP_RESTARTS = 3;

/**
 * Brings up the service of a home in containers, with images where they are missing, and waits until it answers.
 * @throws RuntimeError and ComputerError, saying what is missing and how to get it
 */
export async function startContainers(
  env: NodeJS.ProcessEnv,
  onStep: (step: string) => void,
): Promise<ContainersMarker> {
  const config = loadConfig({ env });
  const home = await openHome(config.home);
  refuseUnusable(config);
  await refuseOthers(home);
  const command = await findCompose();
  const { buildImages, dockerEngineProblem } = await loadImages();
  const silent = await dockerEngineProblem();
  if (silent !== undefined) throw new RuntimeError('driver_unavailable', silent);

  const nats = await findNatsServer(config, home, { onProgress: onStep });
  await buildImages(['session', 'service', 'nats'], { onStep, natsServer: nats.path });
  await buildImages(['session-desktop'], { onStep }).catch((error: Error) =>
    onStep(`Sessions have no desktop for now: ${error.message}`),
  );

  await ensureToken(home);
  await writeComposition(home, config, env);
  const url = `http://127.0.0.1:${config.port}`;
  const begun = { url, port: config.port, version: 'unknown', started_at: Date.now() / 1000 };
  await writeMarker(home, begun);
  onStep('Starting the containers raworc_nats, raworc_server and raworc_operator');
  try {
    await compose(command, [...compositionOf(home), 'up', '--detach']);
  } catch (error) {
    // Half a composition is of no use, and what was wrong has been said.
    await stopContainers(home);
    throw error;
  }
  const marker = { ...begun, version: await untilHealthy(url) };
  await writeMarker(home, marker);
  return marker;
}

/** What a process may do and a container may not. */
function refuseUnusable({ port, anthropicBaseUrl }: Config): void {
  if (port === 0) {
    throw new RuntimeError(
      'config_invalid',
      'A service in containers needs a port of its own: raworc start --docker --port 9100',
    );
  }
  const host = anthropicBaseUrl === undefined ? '' : new URL(anthropicBaseUrl).hostname;
  if (['localhost', '127.0.0.1', '[::1]'].includes(host)) {
    throw new RuntimeError(
      'config_invalid',
      `ANTHROPIC_BASE_URL is ${anthropicBaseUrl}, which containers cannot reach. Give it an address of this machine that they reach, or run raworc start without --docker.`,
    );
  }
}

/** Names are fixed, so one engine runs one composition; and a home has one service. */
async function refuseOthers(home: Home): Promise<void> {
  const owner = await findHomeOwner(home);
  if (owner !== undefined) {
    const message = `The service of ${home.root} runs already, without containers (process ${owner}). Stop it first: raworc stop`;
    throw new HomeError('home_in_use', message);
  }
  const { ownersOf } = await loadBelongings();
  const foreign = (await ownersOf(CONTAINERS)).find((container) => container.home !== home.computers);
  if (foreign === undefined) return;
  const whose =
    foreign.home === undefined ? 'is not one of Raworc' : `belongs to another home (${foreign.home})`;
  const message = `The container ${foreign.name} ${whose}. Stop that service with its own RAWORC_HOME, or remove the container.`;
  throw new RuntimeError('containers_in_use', message);
}

/** Healthy means all three, and that the API answers from this machine. Resolves to the version that it says. */
async function untilHealthy(url: string): Promise<string> {
  const { healthOf } = await loadBelongings();
  const end = Date.now() + HEALTHY_WITHIN_MS;
  for (;;) {
    const health = await healthOf(CONTAINERS);
    const ready = health.every(({ state }) => state === 'healthy');
    const version = ready ? await versionAt(url) : undefined;
    if (version !== undefined) return version;
    const falling = health.find(({ restarts }) => restarts >= GIVE_UP_RESTARTS);
    if (falling !== undefined) throw await notHealthy(falling.name, `ends again and again`);
    const ill = health.find(({ state }) => state !== 'healthy')?.name ?? 'raworc_server';
    if (Date.now() > end) throw await notHealthy(ill, `is not healthy after ${HEALTHY_WITHIN_MS / 1000} s`);
    await delay(POLL_MS);
  }
}

async function notHealthy(container: string, how: string): Promise<RuntimeError> {
  const { lastLinesOf } = await loadBelongings();
  const lines = (await lastLinesOf(container, 5)).map((line) => `  ${line}`);
  return new RuntimeError(
    'start_failed',
    [
      `The container ${container} ${how}. Its last lines:`,
      ...lines,
      `More of them: docker logs ${container} --tail 50. To begin anew: raworc stop, then raworc start --docker.`,
    ].join('\n'),
  );
}

async function versionAt(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/version`, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? ((await response.json()) as { version: string }).version : undefined;
  } catch {
    return undefined;
  }
}
