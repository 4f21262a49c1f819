import { settingSources } from './settings.js';

/**
 * What the environment says, with the settings in it that are secrets taken out of it: programs that are started from
 * now on do not inherit them.
 */
export function takeEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const taken = { ...env };
  for (const { env: variable, secret } of Object.values(settingSources)) {
    if (secret) delete env[variable];
  }
  return taken;
}
