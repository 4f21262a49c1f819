// Runs on whatever Node the machine has (20 or newer): installs and builds what is missing, then hands over to
// the Node that the project brings along.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const inRoot = (...parts) => join(root, ...parts);

const NEEDED_MAJOR = 24;

/** The Node that this project brings along as a package; the one that runs npm may be older. */
const bundledNode = inRoot('node_modules', '.bin', 'node');

const SOURCES = ['apps', 'libs', 'projections', 'test/bench', 'package.json', 'nest-cli.json', '.swcrc'];
const STAMP = inRoot('dist', '.built');
const INSTALLED_LOCK = inRoot('node_modules', '.installed-lock.json');

export function ensureInstalled() {
  if (isInstalled()) return;
  say('Installing the dependencies (once) …');
  // Every native part comes prebuilt. Install scripts would only call for Python, a compiler and Node's headers.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(INSTALLED_LOCK, readFileSync(inRoot('package-lock.json')));
}

/** A checkout touches the lock file without changing a package in it, so its content counts before its time. */
function isInstalled() {
  const manifest = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(manifest)) return false;
  const lock = inRoot('package-lock.json');
  if (modified(lock) <= modified(manifest)) return true;
  return existsSync(INSTALLED_LOCK) && packagesIn(INSTALLED_LOCK) === packagesIn(lock);
}

function packagesIn(lock) {
  const { packages } = JSON.parse(readFileSync(lock));
  delete packages[''];
  return JSON.stringify(packages);
}

/** The bundled Node; where a platform has none, or npm was asked to omit it, the running one if it is new enough. */
export function projectNode() {
  if (existsSync(bundledNode)) return bundledNode;
  if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) return process.execPath;
  say(
    `Error: Raworc needs Node ${NEEDED_MAJOR} or newer, and this is ${process.version}. There is no bundled Node for ` +
      `${process.platform} on ${process.arch}, or npm left out optional dependencies (npm config get omit). ` +
      'Install a newer Node, or run npm ci --include=optional.',
  );
  process.exit(2);
}

export function ensureBuilt() {
  if (existsSync(STAMP) && newest(SOURCES.map((source) => inRoot(source))) <= modified(STAMP)) return;
  build();
}

export function build() {
  say('Building …');
  run(projectNode(), [inRoot('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  run(projectNode(), [inRoot('apps', 'cli', 'bin', 'manifest.mjs')]);
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
