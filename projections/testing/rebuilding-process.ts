import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { OpenLog, Projection, ReadableLog } from '#projections/runner';

/**
 * A process that rebuilds views, and before each step copies their folder: what it leaves in a copy is what a SIGKILL
 * at this step leaves on the disk. It is started with the folder of the views, the folder for the copies, and the file
 * that holds the log. Its last argument is the number of a step at which it really kills itself, or 0.
 */
const [, , dir = '', copies = '', logFile = '', death = '0'] = process.argv;
const BATCH = 10;
/** What changes files by itself. */
const FILE_CALLS = ['openSync', 'closeSync', 'fsyncSync', 'renameSync', 'rmSync'] as const;
const DATABASE_CALLS = ['exec', 'pragma', 'close'] as const;

const steps: string[] = [];
const originals = { cpSync: fs.cpSync, mkdirSync: fs.mkdirSync };
let counting = false;

function step(name: string): void {
  if (!counting) return;
  counting = false;
  steps.push(name);
  if (steps.length === Number(death)) process.kill(process.pid, 'SIGKILL');
  originals.cpSync(dir, join(copies, String(steps.length)), { recursive: true });
  counting = true;
}

type Callable = (...args: unknown[]) => unknown;

function watch(owner: object, part: string, names: readonly string[]): void {
  const target = owner as Record<string, Callable>;
  for (const name of names) {
    const original = target[name];
    if (original === undefined) throw new Error(`There is no ${part}.${name}.`);
    target[name] = function (this: unknown, ...args: unknown[]) {
      step(`${part}.${name}`);
      return original.apply(this, args);
    };
  }
}

function watchedLog(log: ReadableLog): ReadableLog {
  const watched = { ...log };
  watch(watched, 'log', ['info', 'at', 'last']);
  return {
    ...watched,
    async *followBatches(options) {
      for await (const batch of log.followBatches({ ...options, maxBatch: BATCH })) {
        step('log.followBatches');
        yield batch;
      }
    },
  };
}

function watchedProjection(projection: Projection): Projection {
  return {
    ...projection,
    prepare(db) {
      const apply = projection.prepare(db);
      return (recorded) => {
        step(`apply.${projection.name}`);
        apply(recorded);
      };
    },
  };
}

watch(fs, 'fs', FILE_CALLS);
syncBuiltinESMExports();
watch(Database.prototype, 'database', DATABASE_CALLS);

const { Views } = await import('#projections/runner');
const { messagesProjection } = await import('#projections/messages');
const { sessionsProjection } = await import('#projections/sessions');
const { unreadableProjection } = await import('#projections/unreadable');
const { openLog } = (await import('./recorded-log.js')) as { openLog: OpenLog };

const { log } = await openLog(logFile);
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const projections = [watchedProjection(sessionsProjection), messagesProjection, unreadableProjection];
const views = await Views.open({ log: watchedLog(log), dir, projections, logger: silent });
await views.caughtUp(30_000);
originals.mkdirSync(copies, { recursive: true });
counting = true;
await views.rebuild();
step('done');
counting = false;
await views.close();
process.stdout.write(JSON.stringify(steps));
