import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { selectComputers } from '#computers';
import { findNatsServer, messageOf } from '#runtime';
import { describeMachine, machineLine } from './machine.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { rowOf, type Bench, type Row } from './row.js';
import { BENCHES } from './rows/index.js';
import { table } from './table.js';

/** Measures every path beside its bare parts. A missed bar is a result, not a failure of this program. */
async function main({ only, quick, out }: Options): Promise<void> {
  const named = BENCHES.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (named.length === 0) throw new Error(`No row has "${only}" in its name: ${namesOf(BENCHES)}.`);
  const chosen = await withoutMissingDocker(named);

  const version = await pinNatsServer();
  const began = performance.now();
  const rows: Row[] = [];
  const broken: string[] = [];
  for (const bench of chosen) {
    const start = performance.now();
    try {
      for (const measured of await bench.measure({ quick })) rows.push(rowOf(measured));
      say(`${bench.name}: ${secondsSince(start)} s`);
    } catch (error) {
      broken.push(bench.name);
      say(`${bench.name} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  const machine = describeMachine(version);
  process.stdout.write(`${table(rows)}\n\n${machineLine(machine)}\n`);
  const took_seconds = secondsSince(began);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, `${JSON.stringify({ machine, quick, took_seconds, rows, broken }, null, 2)}\n`);
  say(`${took_seconds} s; all rounds are in ${out}`);
  if (broken.length > 0) process.exitCode = 1;
}

/** One nats-server program for all rows; looked for, or fetched, once. Gives its version. */
async function pinNatsServer(): Promise<string> {
  const { RAWORC_NATS_SERVER: natsServer } = process.env;
  const { path, version } = await findNatsServer({ natsServer }, { root: tmpdir() }, { onProgress: say });
  process.env.RAWORC_NATS_SERVER = path;
  return version;
}

async function withoutMissingDocker(benches: Bench[]): Promise<Bench[]> {
  if (!benches.some(({ needsDocker }) => needsDocker)) return benches;
  try {
    await selectComputers({ setting: 'docker', root: tmpdir() });
    return benches;
  } catch (error) {
    say(`Without Docker: ${messageOf(error)}`);
    return benches.filter(({ needsDocker }) => !needsDocker);
  }
}

function namesOf(benches: readonly Bench[]): string {
  return benches.map(({ name }) => name).join('; ');
}

function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 1000);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  await main(parseOptions(process.argv.slice(2), process.env));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof TypeError) say(USAGE);
  process.exitCode = 1;
}
