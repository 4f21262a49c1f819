// Runs on whatever Node the machine has (20 or newer): installs and builds what is missing, then hands over to
// the Node that the project brings along.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkoutMark, readStamp } from './build-stamp.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const inRoot = (...parts) => join(root, ...parts);

const NEEDED_MAJOR = 24;
const LOCK_POLL_MS = 100;
const LONGEST_BUILD_MS = 600_000;

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
  if (isBuilt()) return;
  alone(() => isBuilt() || compile());
}

/** After a pull: installs and builds what it changed. */
export function ensureCurrent() {
  const mark = checkoutMark(root);
  ensureInstalled();
  ensureBuilt();
  if (mark !== undefined) rememberCheckout(mark);
}

/** Spares the next command this look. Someone else's checkout may be read only. */
function rememberCheckout(checkout) {
  try {
    writeStamp({ ...readStamp(root), checkout });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

export function build() {
  alone(compile);
}

function compile() {
  const began = new Date();
  say('Building …');
  run(projectNode(), [inRoot('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
  run(projectNode(), [inRoot('apps', 'cli', 'bin', 'manifest.mjs')]);
  writeStamp({ id: digestOfBuild(), checkout: checkoutMark(root) });
  // What is written during a build may not be in it.
  utimesSync(STAMP, began, began);
}

function isBuilt() {
  return readStamp(root) !== undefined && newest(SOURCES.map((source) => inRoot(source))) <= modified(STAMP);
}

/** In one step, since others read it at any time; its own time stays that of the build. */
function writeStamp(stamp) {
  const builtAt = statSync(STAMP, { throwIfNoEntry: false });
  const draft = `${STAMP}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(stamp));
  if (builtAt) utimesSync(draft, builtAt.atime, builtAt.mtime);
  renameSync(draft, STAMP);
}

/** The same for the same programs, whenever and wherever they were built. */
function digestOfBuild() {
  const hash = createHash('sha256');
  const files = readdirSync(inRoot('dist'), { recursive: true, withFileTypes: true });
  const programs = files.filter((file) => file.isFile() && /\.m?js$/.test(file.name));
  for (const path of programs.map((file) => join(file.parentPath, file.name)).sort()) {
    hash.update(`${path.slice(root.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

/** One build at a time: it begins with an empty folder. */
function alone(task) {
  const lock = inRoot('node_modules', '.building');
  while (!take(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  const release = () => rmSync(lock, { force: true });
  // A failed build ends this process.
  process.once('exit', release);
  task();
  process.off('exit', release);
  release();
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isAbandoned(lock)) rmSync(lock, { force: true });
  return false;
}

function isAbandoned(lock) {
  const made = statSync(lock, { throwIfNoEntry: false });
  if (made === undefined) return false;
  return Date.now() - made.mtimeMs > LONGEST_BUILD_MS || !isAlive(readPid(lock) ?? process.pid);
}

/** Undefined for a moment, until its maker has written it. */
function readPid(lock) {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs a program to its end; ends this process with its exit code when that is not 0. */
export function run(command, args, options = {}) {
  const path = `${inRoot('node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const env = { ...process.env, PATH: path, ...options.env };
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
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
