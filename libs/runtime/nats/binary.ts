import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, systemErrorCode } from '../errors.js';
import { isSupportedNatsVersion, MINIMUM_NATS_VERSION } from './version.js';

const run = promisify(execFile);

export interface UsableBinary {
  usable: true;
  path: string;
  version: string;
}

/** What a look at a candidate binary found. */
export type Candidate =
  UsableBinary | { usable: false; path: string; problem: 'missing' | 'too_old'; reason: string };

/** Runs `nats-server -v` and says whether the binary can be used, and why not. */
export async function inspectBinary(path: string): Promise<Candidate> {
  const missing = (reason: string): Candidate => ({ usable: false, path, problem: 'missing', reason });
  let output: string;
  try {
    output = (await run(path, ['-v'], { timeout: 10_000 })).stdout;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return missing('there is no such file');
    if (code === 'EACCES') return missing('it is not executable');
    return missing(`it cannot be run (${messageOf(error).split('\n')[0]})`);
  }
  const version = /nats-server: v(\S+)/.exec(output)?.[1];
  if (!version)
    return missing(`it is not nats-server (\`-v\` printed ${JSON.stringify(output.slice(0, 80).trim())})`);
  if (isSupportedNatsVersion(version)) return { usable: true, path, version };
  const reason = `it is version ${version}, and ${MINIMUM_NATS_VERSION} or newer is needed`;
  return { usable: false, path, problem: 'too_old', reason };
}

/** Every executable called nats-server on a `PATH`, in its order. */
export async function findOnPath(searchPath: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of searchPath.split(delimiter).filter(Boolean)) {
    const path = join(folder, 'nats-server');
    if (await isExecutable(path)) found.push(path);
  }
  return found;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
