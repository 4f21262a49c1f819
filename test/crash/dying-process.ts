import { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ProtocolHandler } from '@nats-io/nats-core/internal';

/**
 * Loaded into a service before anything else. From SIGUSR2 on it counts what the service does to the world, writes the
 * name of each such step to a file, and kills the service with SIGKILL just before the step
 * whose number another file gives.
 */
const { DYING_STEPS = '', DYING_FOLDER = '' } = process.env;
const { appendFileSync, readFileSync } = fs;

/** What changes files, as long as it does so in the folder of the computers. */
const FILE_CALLS = [
  'writeFile',
  'rename',
  'mkdir',
  'rm',
  'rmdir',
  'unlink',
  'link',
  'symlink',
  'copyFile',
  'lchown',
  'chmod',
  'open',
];
const SYNC_FILE_CALLS = ['writeFileSync', 'renameSync', 'mkdirSync', 'rmSync', 'rmdirSync', 'linkSync'];
/** Writes to the log, to large data, names, keys and claims, a purge, and the end of work on an event. */
const SUBJECTS =
  /^(raworc\.sessions\.|RAWORC_BLOBS\.|\$KV\.(?!RAWORC_LEASES)|\$JS\.API\.STREAM\.PURGE\.|\$JS\.ACK\.)/;

let armed = false;
let steps = 0;
let deathAt = 0;

function step(name: string): void {
  if (!armed) return;
  steps += 1;
  appendFileSync(DYING_STEPS, `${name}\n`);
  if (steps === deathAt) process.kill(process.pid, 'SIGKILL');
}

type Callable = (...args: unknown[]) => unknown;

function watch(
  owner: object,
  names: readonly string[],
  nameOf: (name: string, args: unknown[]) => string | undefined,
): void {
  const target = owner as Record<string, Callable>;
  for (const name of names) {
    const original = target[name];
    if (original === undefined) throw new Error(`There is no ${name}.`);
    target[name] = function (this: unknown, ...args: unknown[]) {
      const stepName = nameOf(name, args);
      if (stepName !== undefined) step(stepName);
      return original.apply(this, args);
    };
  }
}

function fileStep(name: string, args: unknown[]): string | undefined {
  const isInFolder = String(args[0]).startsWith(DYING_FOLDER);
  return isInFolder && !(name === 'open' && isReading(args[1])) ? `fs.${name}` : undefined;
}

function isReading(flags: unknown = 'r'): boolean {
  return flags === 'r' || (typeof flags === 'number' && (flags & 3) === fs.constants.O_RDONLY);
}

watch(fs.promises, FILE_CALLS, fileStep);
watch(fs, SYNC_FILE_CALLS, fileStep);
watch(
  ChildProcess.prototype,
  ['spawn'],
  (_, [options]) => `run ${(options as { file: string }).file.split('/').at(-1)}`,
);
watch(ProtocolHandler.prototype, ['publish'], (_, [subject]) => {
  const written = SUBJECTS.exec(String(subject))?.[0];
  if (written === undefined) return undefined;
  return `publish ${written === '$KV.' ? String(subject).split('.').slice(0, 2).join('.') : written.replace(/\.$/, '')}`;
});
syncBuiltinESMExports();

process.on('SIGUSR2', () => {
  armed = true;
  steps = 0;
  deathAt = Number(readFileSync(`${DYING_STEPS}.death`, 'utf8'));
  appendFileSync(DYING_STEPS, 'armed\n');
});
