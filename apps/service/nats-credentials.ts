import { ensureNatsCredentials, type Config, type Home } from '#runtime';
import type { Role } from './role.js';

/**
 * The address of NATS with the user and password that the home keeps, where a role has an address without them. So
 * they stand in one file, and in no process's or container's environment.
 */
export async function withHomeCredentials(config: Config, home: Home, role: Role): Promise<Config> {
  const { natsUrl } = config;
  if (role === 'all' || natsUrl === undefined || natsUrl.includes('@')) return config;
  const { user, pass } = await ensureNatsCredentials(home);
  return { ...config, natsUrl: natsUrl.replace('://', `://${user}:${pass}@`) };
}
