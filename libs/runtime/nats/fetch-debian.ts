import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { AptSource } from './apt-sources.js';
import { findMainSource, parseDeb822, parseOneLineList, renderTestingSource } from './apt-sources.js';
import type { Fetcher } from './fetcher.js';
import { runTool } from './fetcher.js';

const TIMEOUT_MS = 120_000;

/**
 * Takes nats-server from the testing suite of the machine's own Debian mirror, into a private folder: nothing is
 * installed, no root is needed, and apt verifies the signatures with the keys that the machine trusts already.
 */
export function debianFetcher(etc = '/etc'): Fetcher {
  return {
    name: "this machine's Debian mirror",
    async fetch(folder) {
      const source = await findDebianSource(etc);
      const sourceParts = join(folder, 'sources');
      await Promise.all(['sources', 'lists', 'cache', 'root'].map((name) => mkdir(join(folder, name))));
      await writeFile(join(sourceParts, 'testing.sources'), renderTestingSource(source));

      // Hooks of the machine's own apt configuration may fail without root after the lists have arrived; what
      // counts is whether the package can be downloaded.
      const updated = await runApt(folder, 'update').then(() => '', messageOf);
      await runApt(folder, 'download', 'nats-server').catch((error: unknown) => {
        throw new Error(updated || messageOf(error), { cause: error });
      });
      const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
      if (!archive) throw new Error('apt-get download wrote no package');
      await runTool('dpkg-deb', ['-x', archive, 'root'], { cwd: folder, timeoutMs: TIMEOUT_MS });
      return findProgram(join(folder, 'root'));
    },
  };
}

async function findDebianSource(etc: string): Promise<AptSource> {
  const release = await readText(join(etc, 'os-release'));
  const read = (field: string) => new RegExp(`^${field}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  if (read('ID') !== 'debian') {
    throw new Error(
      `this is ${read('PRETTY_NAME') || process.platform}, and only Debian's mirrors have the package`,
    );
  }
  const source = findMainSource(await readAptSources(join(etc, 'apt')), read('VERSION_CODENAME'));
  if (!source) throw new Error(`no source of Debian's main packages is configured in ${join(etc, 'apt')}`);
  return source;
}

async function readAptSources(folder: string): Promise<AptSource[]> {
  const parts = join(folder, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).sort();
  const files = [join(folder, 'sources.list'), ...names.map((name) => join(parts, name))];
  const parsed = await Promise.all(
    files.map(async (file) => {
      if (file.endsWith('.sources')) return parseDeb822(await readText(file));
      return file.endsWith('.list') ? parseOneLineList(await readText(file)) : [];
    }),
  );
  return parsed.flat();
}

function runApt(folder: string, ...command: string[]): Promise<void> {
  const settings = {
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': join(folder, 'sources'),
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '10',
    'Acquire::https::Timeout': '10',
    'APT::Get::AllowUnauthenticated': 'false',
    'APT::Sandbox::User': userInfo().username,
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return runTool('apt-get', ['-qq', ...options, ...command], { cwd: folder, timeoutMs: TIMEOUT_MS, env });
}

async function findProgram(root: string): Promise<string> {
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const program = files.find(
    (file) => file.isFile() && file.name === 'nats-server' && /s?bin$/.test(file.parentPath),
  );
  if (!program) throw new Error('the package holds no nats-server program');
  return join(program.parentPath, program.name);
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
