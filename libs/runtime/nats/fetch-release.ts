import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { types } from 'node:util';
import { messageOf } from '../errors.js';
import type { Fetcher } from './fetcher.js';
import { runTool } from './fetcher.js';

/** A release of nats-server whose archives are known by their checksums. */
export interface Release {
  version: string;
  baseUrl: string;
  /** SHA-256 of `nats-server-v<version>-<key>.tar.gz`; a platform without one is not downloaded. */
  checksums: Readonly<Record<string, string>>;
}

export const PINNED_RELEASE: Release = {
  version: '2.12.7',
  baseUrl: 'https://github.com/nats-io/nats-server/releases/download',
  checksums: {
    'linux-amd64': '570d2d627db111e679cc1e6bc57ba78f373ed1769acd8dc9c21c8f62d15b3c52',
    'linux-arm64': '3b9a79986778285c0e5acaba0b1218b72f6159db68fe5b8916a7d846240f9f22',
  },
};

const CONNECT_TIMEOUT_MS = 5000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Downloads the pinned official release and checks it before anything of it is used. */
export function releaseFetcher(release: Release = PINNED_RELEASE): Fetcher {
  return {
    name: `the official release ${release.version}`,
    async fetch(folder) {
      const platform = `${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
      const expected = release.checksums[platform];
      if (!expected) throw new Error(`no checksum is pinned for ${platform}`);

      const archive = join(folder, 'release.tar.gz');
      const url = `${release.baseUrl}/v${release.version}/nats-server-v${release.version}-${platform}.tar.gz`;
      const actual = await download(url, archive);
      if (actual !== expected) {
        throw new Error(`${url} has the SHA-256 ${actual} instead of ${expected}; it was not used`);
      }
      await runTool('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'], { timeoutMs: 60_000 });
      return join(folder, 'nats-server');
    },
  };
}

/** Resolves to the SHA-256 of what was written. */
async function download(url: string, file: string): Promise<string> {
  const body = await openDownload(url);
  const hash = createHash('sha256');
  await pipeline(
    body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file),
    { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) },
  );
  return hash.digest('hex');
}

/** A host that does not answer must not hold up the start: other ways may be open. */
async function openDownload(url: string): Promise<Readable> {
  const connecting = new AbortController();
  const timer = setTimeout(() => connecting.abort(), CONNECT_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: connecting.signal });
    if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}`);
    return Readable.fromWeb(response.body);
  } catch (error) {
    if (connecting.signal.aborted)
      throw new Error(`${url} does not answer within ${CONNECT_TIMEOUT_MS / 1000} s`, { cause: error });
    // fetch says only that it failed; why is in the cause.
    const reason = types.isNativeError(error) && error.cause ? error.cause : error;
    throw new Error(`${url} cannot be fetched: ${messageOf(reason)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
