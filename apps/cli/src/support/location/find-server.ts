import { usageError } from '../errors/cli-error.js';
import { homePath, readConfigFile, readContainersFile, readServiceFile, readToken } from './home.js';
import { isAlive } from './process-alive.js';

/** Where commands go. */
export interface Server {
  /** Base URL without a slash at its end. */
  url: string;
  token: string | undefined;
  /** The service of this home, which the command line may start. */
  local: boolean;
  home: string;
}

/** RAWORC_SERVER, else the local service of RAWORC_HOME, running or not. */
export function findServer(env: NodeJS.ProcessEnv = process.env): Server {
  const home = homePath(env);
  const config = readConfigFile(home);
  const token = env.RAWORC_TOKEN || config.token || readToken(home);
  const remote = env.RAWORC_SERVER || config.server;
  if (remote) return { url: checkedUrl(remote), token, local: false, home };

  const service = readServiceFile(home);
  // A service that was killed leaves its file; another program may have the port by now.
  if (service !== undefined && isAlive(service.pid)) {
    return { url: withoutSlash(service.url), token, local: true, home };
  }
  const containers = readContainersFile(home);
  if (containers !== undefined) return { url: containers.url, token, local: true, home };
  const port = env.RAWORC_PORT || config.port || 9000;
  return { url: `http://127.0.0.1:${port}`, token, local: true, home };
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw usageError(`RAWORC_SERVER is "${text}", but must be a URL such as http://127.0.0.1:9000.`);
  }
  return withoutSlash(text);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
