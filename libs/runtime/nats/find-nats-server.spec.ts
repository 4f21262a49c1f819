import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { debianFetcher } from './fetch-debian.js';
import { releaseFetcher } from './fetch-release.js';
import { findNatsServer } from './find-nats-server.js';
import type { FindOptions } from './find-nats-server.js';

let dir: string;
let env: Record<string, string>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'raworc-find-'));
  env = { PATH: join(dir, 'bin'), HOME: dir };
  mkdirSync(env.PATH ?? '');
});

afterEach(() => rm(dir, { recursive: true }));

function find(options: FindOptions & { natsServer?: string } = {}) {
  return findNatsServer({ natsServer: options.natsServer }, { root: dir }, { env, fetchers: [], ...options });
}

function writeProgram(path: string, version: string, mode = 0o755): string {
  const file = join(dir, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode });
  return file;
}

describe('findNatsServer', () => {
  it('uses the configured program and looks no further', async () => {
    const natsServer = writeProgram('mine', '2.14.0');
    writeProgram('bin/nats-server', '2.15.0');
    expect(await find({ natsServer })).toEqual({
      path: natsServer,
      version: '2.14.0',
      source: 'RAWORC_NATS_SERVER',
    });
  });

  it('refuses a configured program that is too old', async () => {
    const natsServer = writeProgram('mine', '2.9.0');
    await expect(find({ natsServer })).rejects.toMatchObject({
      code: 'nats_server_too_old',
      message: expect.stringContaining(`${natsServer}, which cannot be used: it is version 2.9.0`),
    });
  });

  it('refuses a configured program that is missing, not executable or another program', async () => {
    const missing = join(dir, 'missing');
    const text = writeProgram('text', '2.14.0', 0o644);
    const refusal = (reason: string) => ({
      code: 'nats_server_not_found',
      message: expect.stringContaining(reason),
    });
    await expect(find({ natsServer: missing })).rejects.toMatchObject(refusal('there is no such file'));
    await expect(find({ natsServer: text })).rejects.toMatchObject(refusal('it is not executable'));
    await expect(find({ natsServer: '/bin/echo' })).rejects.toMatchObject(refusal('it is not nats-server'));
  });

  it('passes over an old program on the PATH', async () => {
    writeProgram('bin/nats-server', '2.9.0');
    const newer = writeProgram('other/nats-server', '2.12.1');
    env.PATH = `${env.PATH}:${join(dir, 'other')}`;
    expect(await find()).toMatchObject({ path: newer, source: 'PATH' });
  });

  it.each([
    ['2.12.7', '2.15.1', 'cache'],
    ['2.9.0', '2.12.7', 'cache'],
    ['2.15.1', '2.15.1', 'PATH'],
    ['2.15.1', '2.12.7', 'PATH'],
    ['2.15.1', '2.15.1-RC.2', 'PATH'],
  ])('with %s on the PATH and %s in the cache takes that of the %s', async (onPath, cached, source) => {
    writeProgram('bin/nats-server', onPath);
    writeProgram(`.cache/raworc/nats-server/nats-server-${cached}`, cached);
    expect(await find()).toMatchObject({ source, version: source === 'PATH' ? onPath : cached });
  });

  it('takes the newest of the cache, by number and not by letter', async () => {
    for (const version of ['2.12.9', '2.12.10', '2.12.1']) {
      writeProgram(`.cache/raworc/nats-server/nats-server-${version}`, version);
    }
    expect(await find()).toMatchObject({ version: '2.12.10' });
  });

  it('fetches once, into a cache that all homes share', async () => {
    const fetched = writeProgram('fetched', '2.12.7');
    const progress: string[] = [];
    const fetchers = [{ name: 'elsewhere', fetch: async () => fetched }];
    const first = await find({ fetchers, onProgress: (message) => progress.push(message) });
    expect(first).toMatchObject({ version: '2.12.7', source: 'elsewhere' });
    expect(progress[0]).toContain('elsewhere');
    expect(await find()).toEqual({ ...first, source: 'cache' });
    expect(readdirSync(join(dir, '.cache/raworc/nats-server'))).toEqual(['nats-server-2.12.7']);
  });

  it('can be fetched by several at once', async () => {
    const fetched = writeProgram('fetched', '2.12.7');
    const fetchers = [{ name: 'elsewhere', fetch: async () => fetched }];
    const found = await Promise.all(Array.from({ length: 5 }, () => find({ fetchers })));
    expect(new Set(found.map(({ path }) => path)).size).toBe(1);
  });

  it('keeps a cache in the home when the user has none that can be written to', async () => {
    writeFileSync(join(dir, 'file'), '');
    env.XDG_CACHE_HOME = join(dir, 'file');
    const fetched = writeProgram('fetched', '2.12.7');
    const found = await find({ fetchers: [{ name: 'elsewhere', fetch: async () => fetched }] });
    expect(found.path).toBe(join(dir, 'cache', 'nats-server-2.12.7'));
  });

  it('says in one error what was tried, why it failed, and what to do', async () => {
    const old = writeProgram('bin/nats-server', '2.9.0');
    const error = await find({
      fetchers: [{ name: 'elsewhere', fetch: () => Promise.reject(new Error('it is closed')) }],
    }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'nats_server_not_found' });
    const { message } = error as Error;
    expect(message).toContain(`PATH: ${old} was passed over, because it is version 2.9.0`);
    expect(message).toContain('elsewhere: it is closed');
    for (const way of ['on the PATH', 'RAWORC_NATS_SERVER', 'RAWORC_NATS_URL'])
      expect(message).toContain(way);
  });
});

describe('releaseFetcher', () => {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;

  async function serveRelease(test: (baseUrl: string, checksum: string) => Promise<void>): Promise<void> {
    writeProgram('release/nats-server-v2.12.7/nats-server', '2.12.7');
    const archive = join(dir, 'release.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', join(dir, 'release'), 'nats-server-v2.12.7']);
    const content = readFileSync(archive);
    const server = createServer((request, response) => {
      const known = request.url === `/v2.12.7/nats-server-v2.12.7-${platform}.tar.gz`;
      response.writeHead(known ? 200 : 404).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await test(`http://127.0.0.1:${port}`, createHash('sha256').update(content).digest('hex'));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  const fetcherOf = (baseUrl: string, checksum: string, version = '2.12.7') =>
    releaseFetcher({ version, baseUrl, checksums: { [platform]: checksum } });

  it('downloads, checks and unpacks', async () => {
    await serveRelease(async (baseUrl, checksum) => {
      expect(await find({ fetchers: [fetcherOf(baseUrl, checksum)] })).toMatchObject({ version: '2.12.7' });
    });
  });

  it('uses nothing with another checksum', async () => {
    await serveRelease(async (baseUrl) => {
      const found = find({ fetchers: [fetcherOf(baseUrl, '0'.repeat(64))] });
      await expect(found).rejects.toThrow(/instead of 0{64}; it was not used/);
      expect(readdirSync(join(dir, '.cache/raworc/nats-server'))).toEqual([]);
    });
  });

  it('says what the host answered', async () => {
    await serveRelease(async (baseUrl, checksum) => {
      await expect(find({ fetchers: [fetcherOf(baseUrl, checksum, '2.99.0')] })).rejects.toThrow(
        'answers 404',
      );
    });
    await expect(find({ fetchers: [fetcherOf('http://127.0.0.1:1', 'x')] })).rejects.toThrow(
      'cannot be fetched',
    );
  });

  it('does not try a platform without a checksum', async () => {
    const fetcher = releaseFetcher({ version: '2.12.7', baseUrl: 'http://127.0.0.1:1', checksums: {} });
    await expect(find({ fetchers: [fetcher] })).rejects.toThrow(`no checksum is pinned for ${platform}`);
  });
});

describe('debianFetcher', () => {
  it.each([
    ['another distribution', 'ID=fedora\nPRETTY_NAME="Fedora 42"\n', 'this is Fedora 42'],
    ['a Debian without sources', 'ID=debian\nVERSION_CODENAME=bookworm\n', 'no source of Debian'],
  ])('says why %s has no package', async (_, osRelease, reason) => {
    writeFileSync(join(dir, 'os-release'), osRelease);
    await expect(find({ fetchers: [debianFetcher(dir)] })).rejects.toThrow(reason);
  });
});
