import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CliError, messageOf, systemCodeOf } from '../errors/cli-error.js';

/** The folder of the local service, as an absolute path. It need not exist yet. */
export function homePath(env: NodeJS.ProcessEnv = process.env): string {
  const path = env.RAWORC_HOME || '~/.raworc';
  return resolve(path.replace(/^~(?=\/|$)/, env.HOME || homedir()));
}

/** The settings in `config.json` that the command line reads; the service checks all of them. */
export interface ConfigFile {
  server?: string;
  token?: string;
  port?: number | string;
  computers?: string;
}

/** Where the running service says how to reach it. Written when it is ready, removed when it stops. */
export interface ServiceFile {
  pid: number;
  /** When that process started, which tells it from a later one with the same pid. */
  identity: string | null;
  port: number;
  url: string;
  /** Unix seconds, or RFC 3339. */
  started_at: number | string;
  version: string;
  /** Of the programs that it runs. */
  build?: string;
  /** How it isolates the commands of sessions; absent for a process that runs none. */
  computers?: string;
}

/** What processes do that share the work on a home; see RAWORC_ROLE. */
export const ROLES = ['server', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export function readConfigFile(home: string): ConfigFile {
  return readJson<ConfigFile>(join(home, 'config.json')) ?? {};
}

export function readServiceFile(home: string): ServiceFile | undefined {
  return readJson<ServiceFile>(join(home, 'service.json'));
}

/** As the file of a service, of a process with a part of its work. */
export function readRoleFile(home: string, role: Role): ServiceFile | undefined {
  return readJson<ServiceFile>(join(home, `${role}.json`));
}

/** There while the home's service runs in containers; says how to reach it. */
export interface ContainersFile {
  url: string;
  port: number;
  version: string;
  /** Unix seconds. */
  started_at: number;
}

export function readContainersFile(home: string): ContainersFile | undefined {
  return readJson<ContainersFile>(join(home, 'containers.json'));
}

export function readToken(home: string): string | undefined {
  return readText(join(home, 'token'))?.trim();
}

function readJson<T extends object>(path: string): T | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new CliError('home_damaged', `${path} is not valid JSON: ${messageOf(error)}.`, {
      exit: 2,
      cause: error,
    });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw new CliError('home_not_readable', `${path} cannot be read: ${messageOf(error)}.`, {
      exit: 2,
      cause: error,
      hint: 'Make it readable for this user, or set RAWORC_HOME to another folder.',
    });
  }
}
