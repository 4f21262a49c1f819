import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HomeError, replacePrivateFile, type Home } from '#runtime';

const markerSchema = z.object({
  /** Where the REST API answers on this machine. */
  url: z.string(),
  port: z.number(),
  version: z.string(),
  /** Unix seconds. */
  started_at: z.number(),
});

/** That this home's service runs in containers, and how to reach it; the command line reads it. */
export type ContainersMarker = z.infer<typeof markerSchema>;

const fileOf = (home: Pick<Home, 'root'>): string => join(home.root, 'containers.json');

export async function readMarker(home: Pick<Home, 'root'>): Promise<ContainersMarker | undefined> {
  const text = await readFile(fileOf(home), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : markerSchema.safeParse(JSON.parse(text)).data;
}

export async function writeMarker(home: Pick<Home, 'root'>, marker: ContainersMarker): Promise<void> {
  await replacePrivateFile(fileOf(home), `${JSON.stringify(marker, null, 2)}\n`);
}

export async function removeMarker(home: Pick<Home, 'root'>): Promise<void> {
  await rm(fileOf(home), { force: true });
}

/** Two services on one log, neither knowing of the other, would both start a nats-server on it. */
export async function refuseContainersHome(home: Home): Promise<void> {
  const marker = await readMarker(home);
  if (marker === undefined) return;
  throw new HomeError(
    'home_in_use',
    `The service of ${home.root} runs in containers (${marker.url}). Stop it with raworc stop first, or give this one another RAWORC_HOME and RAWORC_PORT.`,
  );
}
