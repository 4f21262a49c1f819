#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: finds the Node that Raworc needs, builds what is missing, then runs the
// command line.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_MAJOR = 24;
const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(dirname(dirname(self))));
const main = join(root, 'dist', 'apps', 'cli', 'src', 'main.js');

if (Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) runOnBundledNode();
else await runHere();

async function runHere() {
  await ensureCurrent();
  module.enableCompileCache?.(compileCache());
  const { runCli } = await import(pathToFileURL(main).href);
  await runCli(root, process.argv.slice(2));
}

/**
 * A folder of the user's own. By default Node takes one in the folder for temporary files, where another user may have
 * made it before: what is in it is run as if it was ours.
 */
function compileCache() {
  const { env } = process;
  const userCache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  return env.NODE_COMPILE_CACHE ?? join(userCache, 'raworc', 'compiled');
}

function runOnBundledNode() {
  const node = findBundledNode(root);
  if (node === undefined) {
    process.stderr.write(
      `Error: Raworc needs Node ${NEEDED_MAJOR} or newer; this is ${process.version} (${process.execPath}). ` +
        'Install a newer Node, or run `npm ci` in the folder of Raworc, which brings one along.\n',
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes, and the child decides what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function findBundledNode(start) {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(found)) return found;
    if (dirname(folder) === folder) return undefined;
  }
}

/** In a checkout, which a pull may have changed; an installed package has no tools to build with. */
async function ensureCurrent() {
  const tooling = pathToFileURL(join(root, 'libs', 'tooling', '/')).href;
  if (existsSync(fileURLToPath(tooling))) {
    const { isBuildCurrent } = await import(new URL('build-stamp.mjs', tooling).href);
    if (!isBuildCurrent(root)) await buildWhatChanged(new URL('bootstrap.mjs', tooling).href);
  }
  if (existsSync(main)) return;
  process.stderr.write(
    `Error: Raworc is not built (${main} is missing). Run \`npm run build\` in ${root}.\n`,
  );
  process.exit(2);
}

async function buildWhatChanged(bootstrap) {
  try {
    (await import(bootstrap)).ensureCurrent();
  } catch (error) {
    process.stderr.write(
      `Error: Raworc in ${root} may have changed since it was built, and cannot be built now: ${error.message}. ` +
        'Run `npm run build` there, as the user it belongs to.\n',
    );
    process.exit(2);
  }
}
