import { join } from 'node:path';
import { z } from 'zod';
import { HomeError, lockHome, RuntimeError, type Home, type HomeLock } from '#runtime';

/**
 * What a process is there for. `all`: everything, beside a nats-server of its own unless one is named. `server`: REST,
 * commands and views. `operator`: computers and Host. The last two meet at the NATS of RAWORC_NATS_URL.
 */
export const ROLES = ['all', 'server', 'operator'] as const;
export type Role = (typeof ROLES)[number];

const roleSchema = z.enum(ROLES);

/** The flag `--role=…`, else RAWORC_ROLE, else `all`. */
export function readRole(env: NodeJS.ProcessEnv, argv: readonly string[]): Role {
  const flag = argv.find((argument) => argument.startsWith('--role='))?.slice('--role='.length);
  const wanted = flag ?? (env.RAWORC_ROLE || 'all');
  const role = roleSchema.safeParse(wanted);
  if (role.success) return role.data;
  throw new RuntimeError('config_invalid', `RAWORC_ROLE is "${wanted}". Allowed: ${ROLES.join(', ')}.`);
}

/** Roles share a home, its token and its master key; what only one process may write is each role's own. */
export function homeOfRole(home: Home, role: Role): Home {
  if (role === 'all') return home;
  return {
    ...home,
    views: `${home.views}-${role}`,
    serviceLog: join(home.logs, `${role}.log`),
    serviceFile: join(home.root, `${role}.json`),
    lockFile: join(home.root, `${role}.lock`),
  };
}

/** Computers and turns are worked on by one process of a home. */
export function worksOnSessions(role: Role): boolean {
  return role !== 'server';
}

/**
 * Makes this process the only one of its role, and of what its role includes.
 * @throws HomeError `home_in_use`; RuntimeError `role_in_use` when the part is in another role's hands
 */
export async function lockRole(home: Home, role: Role): Promise<HomeLock> {
  const locks = [await lockHome(home)];
  const release = async () => void (await Promise.all(locks.map((lock) => lock.release())));
  try {
    if (role !== 'operator') locks.push(await lockPart(home, home.serverLock, 'server'));
    if (worksOnSessions(role)) locks.push(await lockPart(home, home.operatorLock, 'operator'));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function lockPart({ root }: Home, lockFile: string, part: string): Promise<HomeLock> {
  try {
    return await lockHome({ root, lockFile });
  } catch (error) {
    if (!(error instanceof HomeError) || error.code !== 'home_in_use') throw error;
    throw new RuntimeError(
      'role_in_use',
      `The ${part} of ${root} runs in another process already, under another RAWORC_ROLE. Stop that process, or start this one with another role. (${error.message})`,
    );
  }
}
