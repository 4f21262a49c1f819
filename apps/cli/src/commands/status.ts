import type { Session } from '#contracts';
import { RaworcCommand } from '../support/command.js';
import { Client } from '../support/http/client.js';
import { readText } from '../support/http/send.js';
import { findServer } from '../support/location/find-server.js';
import { readContainersFile } from '../support/location/home.js';
import { OLDER_BUILD, runsAnotherBuild } from '../support/local-service/build.js';
import { answers, findRunningRoles, findRunningService } from '../support/local-service/service-process.js';
import { isUnconfined, UNCONFINED } from '../support/local-service/unconfined.js';
import { duration, unixSeconds } from '../support/terminal/time.js';
import { plainText } from '../support/terminal/plain-text.js';
import { copyable } from '../support/terminal/copyable.js';

const NOT_RUNNING = 3;
/** How a session says so. */
const UNREADABLE = /\bthe event at sequence \d+ cannot be read\b/;
const SESSIONS_SHOWN = 10;

interface ServiceStatus {
  running: boolean;
  url: string;
  version: string | null;
  pid: number | null;
  /** The service runs in containers of its own. */
  containers: boolean;
  uptime_seconds: number | null;
  /** Processes that share the work, where no single one does all of it. */
  roles: { role: string; pid: number }[];
  /** How the commands of sessions are isolated; null where that is not known. */
  computers: string | null;
  /** It runs other programs than those beside this command line; see raworc doctor. */
  other_build: boolean;
  /** Number of sessions by state; null when the service does not answer. */
  sessions: Record<string, number> | null;
  /** Events on the log that cannot be read; null when the service does not answer. */
  unreadable_events: number | null;
  /** Sessions that refuse commands because of such an event. */
  unreadable_sessions: UnreadableSession[] | null;
  /** Why it cannot do all of its work now; null when the service does not answer. */
  problems: Problem[] | null;
}

interface UnreadableSession {
  id: string;
  name: string;
  reason: string;
}

interface Problem {
  /** What it is about: the log, the views, the computers, the disk, the operator. */
  part: string;
  reason: string;
}

export default class Status extends RaworcCommand {
  static override summary = 'Show whether the service runs, and how many sessions it has';
  static override description = 'The exit code is 0 when it runs and 3 when it does not.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];

  async run(): Promise<ServiceStatus> {
    await this.parse(Status);
    const status = await readStatus();
    if (!status.running) process.exitCode = NOT_RUNNING;
    this.log(copyable(describe(status)));
    if (isUnconfined(status)) this.note(UNCONFINED);
    if (status.running && status.other_build) this.note(OLDER_BUILD);
    return status;
  }
}

async function readStatus(): Promise<ServiceStatus> {
  const server = findServer();
  const containers = server.local ? readContainersFile(server.home) : undefined;
  const service = server.local ? await findRunningService(server.home) : undefined;
  const roles = server.local ? await findRunningRoles(server.home) : [];
  const computers = service?.computers ?? roles.find(({ role }) => role === 'operator')?.computers ?? null;
  const started_at =
    service?.started_at ?? roles.find(({ role }) => role === 'server')?.started_at ?? containers?.started_at;
  const running = await answers(server);
  const client = new Client(server, false);
  const version = running ? (await client.call<{ version: string }>('GET', 'version')).data.version : null;
  const sessions = running ? (await client.call<Session[]>('GET', 'sessions')).data : null;
  const readiness = running ? await readReadiness(client) : null;
  return {
    running,
    url: server.url,
    version: version ?? service?.version ?? containers?.version ?? null,
    pid: service?.pid ?? null,
    containers: containers !== undefined,
    uptime_seconds: started_at === undefined ? null : Math.round(Date.now() / 1000 - unixSeconds(started_at)),
    roles: roles.map(({ role, pid }) => ({ role, pid })),
    computers,
    other_build: [service ?? [], roles].flat().some(runsAnotherBuild),
    sessions: sessions && countByState(sessions),
    unreadable_sessions: sessions && unreadableAmong(sessions),
    unreadable_events: readiness?.details?.['views']?.unreadable_events ?? (running ? 0 : null),
    problems: readiness && problemsOf(readiness),
  };
}

function countByState(sessions: Session[]): Record<string, number> {
  const counts: Record<string, number> = { init: 0, idle: 0, busy: 0, closed: 0 };
  for (const { state } of sessions) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function unreadableAmong(sessions: Session[]): UnreadableSession[] {
  return sessions.flatMap(({ id, name, error }) =>
    error !== null && UNREADABLE.test(error) ? [{ id, name, reason: error }] : [],
  );
}

interface Readiness {
  details?: Record<string, Indicator>;
}

interface Indicator {
  status?: string;
  reason?: string;
  message?: string;
  /** Of the views. */
  unreadable_events?: number;
}

async function readReadiness(client: Client): Promise<Readiness> {
  // Beside the API, not below it; a service that is not ready says the same in its refusal.
  const reply = await client.request('GET', '../../readyz', { headers: {} });
  return JSON.parse(await readText(reply)) as Readiness;
}

function problemsOf({ details = {} }: Readiness): Problem[] {
  return Object.entries(details)
    .filter(([, { status }]) => status === 'down')
    .map(([part, { reason, message }]) => ({ part, reason: reason ?? message ?? 'It does not say why.' }));
}

function describe({
  running,
  url,
  version,
  pid,
  containers,
  roles,
  uptime_seconds,
  sessions,
  unreadable_events,
  unreadable_sessions,
  problems,
}: ServiceStatus): string {
  if (!running && containers) {
    return `Raworc runs in containers, but does not answer at ${url}. See: docker logs raworc_server --tail 50`;
  }
  if (!running && roles.length > 0) return withoutAnswer(roles, url);
  if (!running) {
    return pid === null
      ? `Raworc does not run (${url}). Start it with: raworc start`
      : `Process ${pid} runs, but does not answer at ${url}. See: raworc logs`;
  }
  const since = uptime_seconds === null ? '' : `, up ${duration(uptime_seconds)}`;
  const counts = Object.entries(sessions ?? {}).map(([state, count]) => `${count} ${state}`);
  const processes = [pid === null ? [] : [`process ${pid}`], roles.map(nameOf)].flat();
  const where = containers ? ', in containers' : processes.map((process) => `, ${process}`).join('');
  const missing =
    roles.length > 0 && !has(roles, 'operator')
      ? '\nNo operator of this home runs on this machine: unless one does elsewhere, sessions wait for it.'
      : '';
  const unreadable = unreadable_events
    ? `\nEvents that cannot be read: ${unreadable_events}. What to do: raworc doctor${named(unreadable_sessions ?? [])}`
    : '';
  const troubles = (problems ?? [])
    .map(({ part, reason }) => `\nNot ready (${part}): ${plainText(reason)}`)
    .join('');
  return `Raworc ${version} runs at ${url}${where}${since}.\nSessions: ${counts.join(', ')}${missing}${unreadable}${troubles}`;
}

type Roles = ServiceStatus['roles'];

function withoutAnswer(roles: Roles, url: string): string {
  const processes = `Of Raworc, here runs: ${roles.map(nameOf).join(', ')}.`;
  return has(roles, 'server')
    ? `${processes} The server does not answer at ${url}. See the logs in the home.`
    : `${processes} Its server does not run here, so commands have no server to ask (${url}). Set RAWORC_SERVER to where it runs, or start one with RAWORC_ROLE=server.`;
}

function has(roles: Roles, wanted: string): boolean {
  return roles.some(({ role }) => role === wanted);
}

function nameOf({ role, pid }: Roles[number]): string {
  return `${role} process ${pid}`;
}

function named(sessions: UnreadableSession[]): string {
  const lines = sessions
    .slice(0, SESSIONS_SHOWN)
    .map(({ id, name, reason }) => `\n  session ${name} (${id}): ${plainText(reason)}`);
  return lines.join('');
}
