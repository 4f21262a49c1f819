import type { Config } from '../config/load-config.js';
import { messageOf } from '../errors.js';
import type { Home } from '../home/home.js';
import { findOnPath, inspectBinary } from './binary.js';
import { openBinaryCache } from './binary-cache.js';
import type { BinaryCache } from './binary-cache.js';
import { debianFetcher } from './fetch-debian.js';
import { releaseFetcher } from './fetch-release.js';
import type { Fetcher } from './fetcher.js';
import { NatsError } from './nats-error.js';
import { compareNatsVersions, MINIMUM_NATS_VERSION } from './version.js';

export interface FindOptions {
  /** Told, in a sentence, when something takes longer than a look. */
  onProgress?: (message: string) => void;
  /** `PATH`, `HOME` and `XDG_CACHE_HOME` count. Default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Where to get a program from when there is none. Default: the official release, then Debian's package. */
  fetchers?: Fetcher[];
}

export interface FoundNatsServer {
  path: string;
  version: string;
  /** `RAWORC_NATS_SERVER`, `PATH`, `cache`, or what it was fetched from. */
  source: string;
}

/**
 * Finds a nats-server new enough: the configured one, else the newer of those on the PATH and in the cache, else one is
 * fetched. A log that a newer server has written must not go to an older one that happens to be on the PATH.
 * @throws {NatsError} `nats_server_not_found` or `nats_server_too_old`, saying what was tried and why it failed.
 */
export async function findNatsServer(
  config: Pick<Config, 'natsServer'>,
  home: Pick<Home, 'root'>,
  { onProgress = () => undefined, env = process.env, fetchers = defaultFetchers() }: FindOptions = {},
): Promise<FoundNatsServer> {
  if (config.natsServer) return useConfigured(config.natsServer);

  const failures: string[] = [];
  const onPath = await searchPath(env.PATH ?? '', failures);
  const cache = await openBinaryCache(home, env);
  const cached = await cache.find();
  if (cached && !(onPath && compareNatsVersions(onPath.version, cached.version) >= 0)) {
    return { path: cached.path, version: cached.version, source: 'cache' };
  }
  if (onPath) return onPath;
  failures.push(`the download cache: ${cache.folder} has none that can be used`);
  return fetchInto(cache, fetchers, failures, onProgress);
}

function defaultFetchers(): Fetcher[] {
  return [releaseFetcher(), debianFetcher()];
}

async function useConfigured(path: string): Promise<FoundNatsServer> {
  const candidate = await inspectBinary(path);
  if (candidate.usable) return { path, version: candidate.version, source: 'RAWORC_NATS_SERVER' };
  const code = candidate.problem === 'too_old' ? 'nats_server_too_old' : 'nats_server_not_found';
  throw new NatsError(
    code,
    `RAWORC_NATS_SERVER is ${path}, which cannot be used: ${candidate.reason}. Point it at nats-server ${MINIMUM_NATS_VERSION} or newer, or unset it and Raworc looks for one.`,
  );
}

async function searchPath(path: string, failures: string[]): Promise<FoundNatsServer | undefined> {
  const candidates = await findOnPath(path);
  if (candidates.length === 0) failures.push('PATH: it has no nats-server');
  for (const candidate of candidates) {
    const look = await inspectBinary(candidate);
    if (look.usable) return { path: look.path, version: look.version, source: 'PATH' };
    failures.push(`PATH: ${candidate} was passed over, because ${look.reason}`);
  }
  return undefined;
}

async function fetchInto(
  cache: BinaryCache,
  fetchers: Fetcher[],
  failures: string[],
  onProgress: (message: string) => void,
): Promise<FoundNatsServer> {
  for (const fetcher of fetchers) {
    onProgress(`Fetching nats-server from ${fetcher.name} …`);
    try {
      const { path, version } = await cache.fill(fetcher);
      onProgress(`Fetched nats-server ${version}.`);
      return { path, version, source: fetcher.name };
    } catch (error) {
      failures.push(`${fetcher.name}: ${messageOf(error)}`);
    }
  }
  throw new NatsError('nats_server_not_found', explainFailure(failures));
}

function explainFailure(failures: string[]): string {
  return [
    `Raworc needs nats-server ${MINIMUM_NATS_VERSION} or newer and found none. Tried:`,
    ...failures.map((failure) => `  - ${failure}`),
    'Do one of these:',
    '  - install nats-server (https://nats.io/download) so that it is on the PATH',
    '  - set RAWORC_NATS_SERVER to the path of the program',
    '  - set RAWORC_NATS_URL to a server that runs already, such as nats://user:password@host:4222',
  ].join('\n');
}
