import { join } from 'node:path';
import { z } from 'zod';
import { RuntimeError, type Config, type Home } from '#runtime';

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

/** A turn in progress that nobody here works on was cut off by a crash, if no other process runs turns. */
export function isOnlyOperator(config: Config, env: NodeJS.ProcessEnv): boolean {
  return config.natsUrl === undefined || env.RAWORC_OPERATORS === 'one';
}
