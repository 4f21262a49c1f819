import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserShell } from './shell.js';

export interface SeenEvent {
  type: string;
  data: Record<string, unknown>;
}

interface Service {
  pid: number;
  url: string;
}

export async function serviceOf({ home }: UserShell): Promise<Service> {
  return JSON.parse(await readFile(join(home, 'service.json'), 'utf8')) as Service;
}

/** The process id of the embedded nats-server, as the service logs it. */
export async function natsServerOf({ home }: UserShell): Promise<number> {
  const log = await readFile(join(home, 'logs/service.log'), 'utf8');
  const lines = log.split('\n').filter((line) => line.includes('"nats_pid"'));
  return (JSON.parse(lines.at(-1) ?? '{}') as { nats_pid: number }).nats_pid;
}

/** Reads a session's stream from its beginning until an event is there; returns all up to it. */
export async function eventsUntil(
  shell: UserShell,
  session: string,
  wanted: (event: SeenEvent) => boolean,
): Promise<SeenEvent[]> {
  const { url } = await serviceOf(shell);
  const token = (await readFile(join(shell.home, 'token'), 'utf8')).trim();
  const response = await fetch(`${url}/api/v0/sessions/${session}/events`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
  const seen: SeenEvent[] = [];
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + chunk).split('\n\n');
    rest = frames.pop() ?? '';
    for (const event of frames.flatMap(parse)) {
      seen.push(event);
      if (wanted(event)) return seen;
    }
  }
  throw new Error(`the stream ended after ${seen.map(({ type }) => type).join(', ')}`);
}

/** Only what is on the log has an id; hello and deltas have none. */
function parse(frame: string): SeenEvent[] {
  const lines = frame.split('\n');
  if (!lines.some((line) => line.startsWith('id:'))) return [];
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5));
  return [JSON.parse(data.join('\n')) as SeenEvent];
}
