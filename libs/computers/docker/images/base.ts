import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { ComputerError } from '../../computer.js';
import { reasonOf } from '../engine/engine-error.js';
import { found } from '../engine/engine.js';
import { follow } from './build.js';
import { packageFolder } from './recipes.js';

export const REGISTRY_BASE = 'debian:bookworm-slim';
export const LOCAL_BASE = 'raworc/base:latest';

/** A registry that sends nothing for so long is as good as none. */
const SILENCE_MS = 15_000;

/**
 * The image that ours stand on: Debian's where a registry gives it, else one made from this machine's own package
 * sources.
 * @throws ComputerError `driver_unavailable`, with the ways to get one.
 */
export async function findBase(docker: Docker, onStep: (step: string) => void): Promise<string> {
  if (await hasImage(docker, REGISTRY_BASE)) return REGISTRY_BASE;
  const refusal = await pull(docker, REGISTRY_BASE, SILENCE_MS);
  if (refusal === undefined) return REGISTRY_BASE;
  if (await hasImage(docker, LOCAL_BASE)) return LOCAL_BASE;

  const obstacle = obstacleToMaking();
  if (obstacle !== undefined) throw noBase(refusal, obstacle);
  onStep(`Making ${LOCAL_BASE} from this machine's package sources, because no registry answers`);
  const failed = await makeBase();
  if (failed !== undefined) throw noBase(refusal, failed);
  return LOCAL_BASE;
}

export async function hasImage(docker: Docker, tag: string): Promise<boolean> {
  return (await found(docker.getImage(tag).inspect())) !== undefined;
}

/** Undefined when the image is there now; else why the registry did not give it. */
export async function pull(docker: Docker, tag: string, silenceMs: number): Promise<string | undefined> {
  const giveUp = new AbortController();
  const timer = setTimeout(
    () => giveUp.abort(new Error(`no answer within ${silenceMs / 1000} s`)),
    silenceMs,
  );
  try {
    const stream = (await docker.pull(tag, { abortSignal: giveUp.signal })) as Readable;
    giveUp.signal.addEventListener('abort', () => stream.destroy(giveUp.signal.reason as Error));
    await follow(docker, stream, () => timer.refresh());
    return undefined;
  } catch (error) {
    return reasonOf(giveUp.signal.aborted ? giveUp.signal.reason : error);
  } finally {
    clearTimeout(timer);
  }
}

/** Why docker/base.sh cannot run here, with what to do. */
function obstacleToMaking(): string | undefined {
  if (!existsSync('/etc/debian_version')) return 'this machine does not run Debian';
  if (process.getuid?.() !== 0) return 'that takes root: run "sudo docker/base.sh"';
  if (!onPath('mmdebstrap') && !onPath('debootstrap')) {
    return 'mmdebstrap is not installed: apt-get install mmdebstrap';
  }
  return onPath('docker') ? undefined : 'the docker command is not installed';
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** Undefined when it worked; else the last thing that the script said. */
function makeBase(): Promise<string | undefined> {
  const script = join(packageFolder(), 'docker', 'base.sh');
  return new Promise((resolve) => {
    const child = spawn(script, [LOCAL_BASE], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`));
  });
}

function noBase(refusal: string, obstacle: string): ComputerError {
  return new ComputerError(
    'driver_unavailable',
    [
      `There is no base for images. The registry did not give ${REGISTRY_BASE}: ${refusal}.`,
      `A base was not made from this machine's package sources: ${obstacle}.`,
      'Do one of these, then run raworc images build:',
      `  - let the engine reach a registry, or load the image: docker load --input <file with ${REGISTRY_BASE}>`,
      `  - on Debian, as root, with mmdebstrap or debootstrap: docker/base.sh ${LOCAL_BASE}`,
      `  - give any Debian image that you have this name: docker tag <image> ${LOCAL_BASE}`,
    ].join('\n'),
  );
}
