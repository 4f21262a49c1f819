import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startScriptedModel, type ScriptRule } from '#stand-in';

/** From dist/apps/demo to the command line's start file, which is not compiled. */
const CLI = fileURLToPath(new URL('../../../apps/cli/bin/raworc.mjs', import.meta.url));

export interface Stage {
  /** Sessions run in containers with a screen. */
  hasDesktop: boolean;
  /** Runs `raworc` with these arguments, its output on this terminal; lines are typed at its prompt. */
  raworc(args: string[], lines?: string[]): Promise<number>;
  /** Stops the service and removes its home. */
  clear(): Promise<void>;
}

/** A service of its own, in a temporary home, with a scripted model. Nothing of the user's own is touched. */
export async function setStage(rules: ScriptRule[]): Promise<Stage> {
  const model = await startScriptedModel(rules, { chunkDelayMs: 15 });
  const home = await mkdtemp(join(tmpdir(), 'raworc-demo-'));
  const computers = await chooseComputers();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    RAWORC_HOME: home,
    RAWORC_PORT: '0',
    RAWORC_SERVER: '',
    RAWORC_TOKEN: '',
    RAWORC_COMPUTERS: computers,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'scripted-model',
  };
  return {
    hasDesktop: computers === 'docker',
    raworc: (args, lines = []) => run(args, lines, env),
    async clear() {
      await run(['reset', '--yes'], [], env, 'ignore');
      await model.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** As the user wants it, else the best that works here. */
async function chooseComputers(): Promise<string> {
  const { RAWORC_COMPUTERS: wanted = 'auto' } = process.env;
  if (wanted !== 'auto') return wanted;
  if (await containersWork()) return 'docker';
  return sandboxWorks() ? 'local' : 'local-unsafe';
}

/** Builds the images of sessions where an engine answers; the first time takes a few minutes, and says so. */
async function containersWork(): Promise<boolean> {
  const images = ['session', 'session-desktop'];
  const built = await run(['images', 'build', ...images, '--if-possible'], [], process.env);
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

function run(
  args: string[],
  lines: string[],
  env: NodeJS.ProcessEnv,
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['pipe', output, output] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
