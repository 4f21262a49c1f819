import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findServer } from '../location/find-server.js';
import { runsAnotherBuild } from './build.js';
import { errorLineOf } from './service-output.js';
import { answers, findRunningRoles, findRunningService, SERVICE_MAIN } from './service-process.js';

const DEADLINE_MS = 60_000;

/** One thing that Raworc needs: whether it is there, and what to do when it is not. */
export interface Check {
  check: string;
  ok: boolean;
  detail: string;
  /** It is not there, and nothing needs it. */
  absent?: true;
  fix?: string | null;
}

export interface Report {
  checks: Check[];
  /** Every setting in force and where it was set; secrets are masked. */
  settings: { setting: string; value: string; source: string }[];
}

/** The service's own checks and settings, and whether it can be reached from here. */
export async function runChecks(): Promise<Report> {
  const [own, reachable, builds] = await Promise.all([askService(), checkReachable(), checkBuild()]);
  return { ...own, checks: [...own.checks, reachable, ...builds] };
}

/** Of a service that runs; nothing else can be of another build. */
async function checkBuild(): Promise<Check[]> {
  const { local, home } = findServer();
  const service = local ? await findRunningService(home) : undefined;
  if (service === undefined) return [];
  const other = runsAnotherBuild(service);
  const detail = other ? 'the running service is of another build than this command line' : 'as here';
  const fix = other ? 'Change to this one: raworc stop, then raworc start.' : null;
  return [{ check: 'service build', ok: !other, detail, fix }];
}

async function askService(): Promise<Report> {
  if (!existsSync(SERVICE_MAIN)) return failed(`${SERVICE_MAIN} is missing`);
  const { stdout, stderr } = await runService('--doctor');
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    return failed(errorLineOf(stderr.split('\n')) ?? 'it printed no checks');
  }
}

function failed(detail: string): Report {
  const fix = 'Run npm run build in the folder of Raworc.';
  return { checks: [{ check: 'service program', ok: false, detail, fix }], settings: [] };
}

function runService(flag: string): Promise<{ stdout: string; stderr: string }> {
  const options = { timeout: DEADLINE_MS, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(process.execPath, [SERVICE_MAIN, flag], options, (_, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

async function checkReachable(): Promise<Check> {
  const check = 'service reachable';
  const server = findServer();
  if (await answers(server)) return { check, ok: true, detail: `${server.url} answers` };
  if (!server.local) {
    const fix = 'Check RAWORC_SERVER, and that Raworc runs there.';
    return { check, ok: false, detail: `nothing answers at ${server.url}`, fix };
  }
  const service = await findRunningService(server.home);
  const roles = await findRunningRoles(server.home);
  if (service === undefined && roles.length > 0) {
    const running = roles.map(({ role, pid }) => `${role} (process ${pid})`).join(', ');
    return { check, ok: true, detail: `of this home, here runs ${running}, and no server answers` };
  }
  if (service === undefined) {
    return {
      check,
      ok: true,
      detail: 'not running; commands that need it start it, and so does raworc start',
    };
  }
  const detail = `process ${service.pid} runs, but ${server.url} does not answer`;
  return { check, ok: false, detail, fix: 'See raworc logs; raworc stop and raworc start begin anew.' };
}
