import { createServer } from 'node:net';
import { join } from 'node:path';
import { attributesProblem, loadImages, planComputers } from '#computers';
import {
  describeConfig,
  findHomeOwner,
  findNatsServer,
  loadConfig,
  openHome,
  type Config,
  type Home,
} from '#runtime';

import { unreadableIn } from './unreadable-events.js';

/** One thing that has to be right, and what to do when it is not. */
export interface Check {
  check: string;
  ok: boolean;
  detail: string;
  /** It is not there, and nothing needs it. */
  absent?: true;
  fix?: string;
}

/** Looks at everything that a start needs, without starting anything. */
export async function runDoctor(env: NodeJS.ProcessEnv): Promise<{ checks: Check[]; settings: unknown[] }> {
  const checks: Check[] = [nodeVersion()];
  const config = await attempt(checks, 'settings', async () => ({
    value: loadConfig({ env }),
    detail: 'valid',
  }));
  if (config === undefined) return { checks, settings: [] };
  const home = await attempt(checks, 'home', async () => ({
    value: await openHome(config.home),
    detail: config.home,
  }));
  if (home !== undefined) await checkHome(checks, config, home);
  if (home !== undefined) await attempt(checks, 'events', async () => readableEvents(home));
  checks.push(modelKey(config));
  return { checks, settings: describeConfig(config) };
}

async function checkHome(checks: Check[], config: Config, home: Home): Promise<void> {
  const owner = await findHomeOwner(home);
  if (owner === undefined)
    await attempt(checks, 'port', async () => ({ value: true, detail: await portFree(config) }));
  else checks.push({ check: 'service', ok: true, detail: `running as process ${owner}` });
  await attempt(checks, 'nats-server', async () => {
    if (config.natsUrl !== undefined)
      return { value: true, detail: 'RAWORC_NATS_URL is set; none is started' };
    const { path, version, source } = await findNatsServer(config, home);
    return { value: true, detail: `${version} at ${path} (${source})` };
  });
  await attempt(checks, 'computers', async () => {
    const { driver, buildsImage, instead, caution } = await planComputers({
      setting: config.computers,
      image: config.image,
    });
    const first = buildsImage ? ', once the image of sessions is built: raworc images build' : '';
    const detail = `${config.computers === 'auto' ? 'auto takes ' : ''}${driver}${first}`;
    return {
      value: true,
      detail: [detail, instead, caution].filter((part) => part !== undefined).join('. '),
    };
  });
  checks.push(await attributes());
  await checkEngine(checks);
}

/**
 * The views have seen the whole log, as far as it is known to this home.
 * @throws Error that names the events which cannot be read
 */
function readableEvents({ views }: Home): { value: true; detail: string } {
  const problem = unreadableIn(join(views, 'views.db'));
  if (problem !== undefined) throw new Error(problem);
  return { value: true, detail: 'all that the views have seen can be read' };
}

/** Files can be kept without them. */
async function attributes(): Promise<Check> {
  const problem = await attributesProblem();
  if (problem === undefined)
    return { check: 'attributes', ok: true, detail: 'snapshots keep extended attributes' };
  return { check: 'attributes', ok: true, absent: true, detail: problem };
}

/** Sessions can do without containers, so an engine that is not there is no fault. */
async function checkEngine(checks: Check[]): Promise<void> {
  const { dockerEngineProblem, listImages } = await loadImages();
  const problem = await dockerEngineProblem();
  const absent = problem === undefined ? {} : { absent: true as const };
  checks.push({ check: 'engine', ok: true, detail: problem ?? 'the Docker engine answers', ...absent });
  if (problem !== undefined) return;
  await attempt(checks, 'images', async () => {
    const images = await listImages();
    const states = images.map(({ name, state }) => `${name} ${state}`).join(', ');
    const incomplete = images.some(({ state }) => state !== 'present');
    return { value: true, detail: incomplete ? `${states} (raworc images build builds them)` : states };
  });
}

/** Adds the outcome as a check; our errors say themselves what to do. */
async function attempt<T>(
  checks: Check[],
  check: string,
  work: () => Promise<{ value: T; detail: string }>,
): Promise<T | undefined> {
  try {
    const { value, detail } = await work();
    checks.push({ check, ok: true, detail });
    return value;
  } catch (error) {
    checks.push({ check, ok: false, detail: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function nodeVersion(): Check {
  const ok = Number(process.versions.node.split('.')[0]) >= 24;
  return {
    check: 'node',
    ok,
    detail: process.version,
    ...(ok ? {} : { fix: 'Raworc needs Node 24 or newer.' }),
  };
}

/** A session can bring a key of its own, so a missing one is no fault. */
function modelKey({ anthropicApiKey, model }: Config): Check {
  const detail =
    anthropicApiKey === undefined
      ? 'ANTHROPIC_API_KEY is not set here; each session has to bring one (npm run demo needs none)'
      : `ANTHROPIC_API_KEY is set; model ${model}`;
  return { check: 'key', ok: true, detail };
}

function portFree({ port, bind, sources }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => {
      const inUse = `Port ${port} on ${bind} is in use.`;
      if (sources.port === 'the default') resolve(`${inUse} The service takes a free one instead.`);
      else reject(new Error(`${inUse} Set RAWORC_PORT to a free port.`));
    });
    probe.listen(port, bind, () => probe.close(() => resolve(`${port} on ${bind} is free`)));
  });
}
