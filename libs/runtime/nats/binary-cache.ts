import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Home } from '../home/home.js';
import { inspectBinary } from './binary.js';
import type { UsableBinary } from './binary.js';
import type { Fetcher } from './fetcher.js';
import { compareNatsVersions } from './version.js';

const PREFIX = 'nats-server-';

/** A folder of downloaded nats-server programs. All homes of a user share one, so that each is fetched once. */
export interface BinaryCache {
  folder: string;
  find(): Promise<UsableBinary | undefined>;
  /** Fetches into the cache. Rejects with the reason when nothing usable came. */
  fill(fetcher: Fetcher): Promise<UsableBinary>;
}

/** Opens the user's cache, or one in the home where the user has none that can be written to. */
export async function openBinaryCache(
  home: Pick<Home, 'root'>,
  env: NodeJS.ProcessEnv,
): Promise<BinaryCache> {
  const userCache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  const shared = join(userCache, 'raworc', 'nats-server');
  const folder = await makeFolder(shared).catch(() => makeFolder(join(home.root, 'cache')));
  return { folder, find: () => findIn(folder), fill: (fetcher) => fill(folder, fetcher) };
}

async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(await mkdtemp(join(folder, 'probe-')), { recursive: true });
  return folder;
}

async function findIn(folder: string): Promise<UsableBinary | undefined> {
  const versionOf = (name: string) => name.slice(PREFIX.length);
  const names = (await readdir(folder))
    .filter((name) => name.startsWith(PREFIX))
    .sort((one, other) => compareNatsVersions(versionOf(other), versionOf(one)));
  for (const name of names) {
    const candidate = await inspectBinary(join(folder, name));
    if (candidate.usable) return candidate;
  }
  return undefined;
}

async function fill(folder: string, fetcher: Fetcher): Promise<UsableBinary> {
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    const fetched = await inspectBinary(await fetcher.fetch(work));
    if (!fetched.usable) throw new Error(fetched.reason);
    const ready = join(work, 'ready');
    await copyFile(fetched.path, ready);
    await chmod(ready, 0o700);
    // Renaming is atomic: others see the whole program or none, and of several fetches the last one stays.
    const path = join(folder, `${PREFIX}${fetched.version}`);
    await rename(ready, path);
    return { ...fetched, path };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
