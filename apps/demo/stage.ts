import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { startScriptedModel, type ScriptRule } from '#stand-in';
import { CLI, raworc, type RaworcOptions } from './raworc.js';

const CLEANUP = fileURLToPath(new URL('cleanup.js', import.meta.url));

export type Driver = 'docker' | 'local' | 'local-unsafe';

export interface Stage {
  /** Runs `raworc` with these arguments, its output on this terminal; lines are typed at its prompt. */
  raworc(args: string[], lines?: string[]): Promise<number>;
  /** Stops the service and removes its home. */
  clear(): Promise<void>;
}

/**
 * A service of its own, in a temporary home, with a scripted model. Nothing of the user's own is touched.
 * @param signal ends the command that runs
 */
export async function setStage(driver: Driver, rules: ScriptRule[], signal: AbortSignal): Promise<Stage> {
  const model = await startScriptedModel(rules, { chunkDelayMs: 15 });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    RAWORC_HOME: await mkdtemp(join(tmpdir(), 'raworc-demo-')),
    RAWORC_PORT: '0',
    RAWORC_SERVER: '',
    RAWORC_TOKEN: '',
    RAWORC_COMPUTERS: driver,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'scripted-model',
  };
  const cleanup = prepareCleanup(env);
  return {
    raworc: (args, lines) => raworc(args, { env, lines, signal, ...cleanup.watch }),
    async clear() {
      await cleanup.run();
      await model.stop();
    },
  };
}

interface Cleanup {
  /** For each command that the tour runs. */
  watch: Required<Pick<RaworcOptions, 'onRunning' | 'held'>>;
  run(): Promise<void>;
}

/** Started before there is anything to clean up; see cleanup.ts. */
function prepareCleanup(env: NodeJS.ProcessEnv): Cleanup {
  const child = spawn(process.execPath, [CLEANUP], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
  const pids = child.stdin!;
  const held = child.stdio[3] as Writable;
  const ended = once(child, 'exit');
  return {
    watch: { onRunning: (pid) => void pids.write(`${pid}\n`), held },
    async run() {
      pids.end();
      held.end();
      const [exitCode] = (await ended) as [number | null];
      if (exitCode === 0) return;
      throw new Error(`The tour's service was not removed: its home is ${env['RAWORC_HOME']}.`);
    },
  };
}

/** As the user wants it, else the best that works here. */
export async function chooseDriver(): Promise<Driver> {
  const { RAWORC_COMPUTERS: wanted = 'auto' } = process.env;
  if (wanted !== 'auto' && wanted !== '') return wanted as Driver;
  if (await containersWork()) return 'docker';
  return sandboxWorks() ? 'local' : 'local-unsafe';
}

/** Builds the images of sessions where an engine answers; the first time takes a few minutes, and says so. */
async function containersWork(): Promise<boolean> {
  const images = ['session', 'session-desktop'];
  const built = await raworc(['images', 'build', ...images, '--if-possible'], { env: process.env });
  const list = spawnSync(process.execPath, [CLI, 'images', 'list', '--json'], { encoding: 'utf8' });
  if (built !== 0 || list.status !== 0) return false;
  const states = JSON.parse(list.stdout) as { name: string; state: string }[];
  return images.every((name) => states.find((image) => image.name === name)?.state === 'present');
}

/** The tour runs commands of our own making, so it may go on without a sandbox. */
function sandboxWorks(): boolean {
  const args = ['--ro-bind', '/', '/', '--unshare-all', 'true'];
  return spawnSync('bwrap', args, { stdio: 'ignore' }).status === 0;
}
