// The npm scripts: each installs and builds what is missing first, so that each is enough on a bare machine.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, ensureBuilt, ensureInstalled, projectNode, root, run } from './bootstrap.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', bin('jest')];
const tasks = { start, demo, test, build, bench, raworc, check };

const [name = 'start', ...args] = process.argv.slice(2);
ensureInstalled();
await tasks[name](args);

async function start() {
  if (process.env.ANTHROPIC_API_KEY) {
    await ensureImages();
    return raworc(['session']);
  }
  process.stderr.write(
    'ANTHROPIC_API_KEY is not set, so Host cannot ask Claude. Here is the guided tour with a scripted model instead;\n' +
      'everything else in it is real. To work with Claude: export ANTHROPIC_API_KEY=… and run npm start again.\n\n',
  );
  return demo([]);
}

async function demo(args) {
  await ensureImages();
  return handOver([join(root, 'dist', 'apps', 'demo', 'main.js'), ...args]);
}

/**
 * Builds the images of sessions, with and without a desktop, when an engine may be here and they are missing. Where
 * that fails, a line says why and the start goes on: what needs no container works all the same.
 */
async function ensureImages() {
  ensureBuilt();
  const { DOCKER_HOST, RAWORC_COMPUTERS } = process.env;
  const engine = DOCKER_HOST || existsSync('/var/run/docker.sock');
  if (!engine || RAWORC_COMPUTERS?.startsWith('local')) return;
  await raworc(['images', 'build', 'session', 'session-desktop', '--if-possible']);
}

async function raworc(args) {
  ensureBuilt();
  return handOver([join(root, 'apps', 'cli', 'bin', 'raworc.mjs'), ...args]);
}

async function bench(args) {
  ensureBuilt();
  return handOver([join(root, 'dist', 'test', 'bench', 'main.js'), ...args]);
}

/** Style, rules and types; quick enough to run before each commit. */
function check() {
  run(bin('prettier'), ['--check', '--log-level', 'warn', '.']);
  run(bin('tsc'), ['-p', 'libs/tooling/tsconfig.json']);
  run(bin('eslint'), [
    '--config',
    'libs/tooling/eslint.config.mjs',
    '--cache',
    '--cache-location',
    'node_modules/.cache/eslint',
    '.',
  ]);
}

async function test(args) {
  ensureBuilt();
  if (args.length === 0) check();
  run(projectNode(), [...jest, ...args], { stdio: 'inherit' });
}

/** The child shares the terminal, so it gets Ctrl-C itself; this process only waits for it. */
function handOver(args) {
  process.on('SIGINT', () => undefined);
  const child = spawn(projectNode(), args, { cwd: process.env.INIT_CWD ?? root, stdio: 'inherit' });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}
