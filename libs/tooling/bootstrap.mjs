// Runs on whatever Node the machine has (20 or newer): installs and builds what is missing, then hands over to
// the Node that the project brings along.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const inRoot = (...parts) => join(root, ...parts);

/** The Node of the `node` package; what runs npm may be older. */
export const bundledNode = inRoot('node_modules', 'node', 'bin', 'node');

const SOURCES = ['apps', 'libs', 'projections', 'test/bench', 'package.json', 'nest-cli.json', '.swcrc'];
const STAMP = inRoot('dist', '.built');

export function ensureInstalled() {
  const installed = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installed) || modified(installed) < modified(inRoot('package-lock.json'))) {
    say('Installing the dependencies (once) …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  // The package fetches its binary in an install script, which some npm settings leave out.
  if (!existsSync(bundledNode)) run('npm', ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error']);
}

export function ensureBuilt() {
  if (existsSync(STAMP) && newest(SOURCES.map((source) => inRoot(source))) <= modified(STAMP)) return;
  build();
}

export function build() {
  say('Building …');
  run(bundledNode, [inRoot('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  run(bundledNode, [inRoot('apps', 'cli', 'bin', 'manifest.mjs')]);
  writeFileSync(STAMP, '');
}

/** Runs a program to its end; ends this process with its exit code when that is not 0. */
export function run(command, args, options = {}) {
  const path = `${inRoot('node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const env = { ...process.env, PATH: path, ...options.env };
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', 2, 2],
    ...options,
    env,
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const stat = statSync(path);
    latest = Math.max(latest, stat.mtimeMs);
    if (stat.isDirectory())
      latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))));
  }
  return latest;
}

function modified(path) {
  return statSync(path).mtimeMs;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
