import { usageError } from '../errors/cli-error.js';
import { homePath, readConfigFile, readContainersFile, readServiceFile, readToken } from './home.js';

/** Where commands go. */
export interface Server {
  /** Base URL without a slash at its end. The local service is asked at the socket in its home all the same. */
  url: string;
  token: string | undefined;
  /** The service of this home, which the command line may start. */
  local: boolean;
  home: string;
}

/** RAWORC_SERVER, else the local service of RAWORC_HOME, running or not. Each gets its own token and no other. */
export function findServer(env: NodeJS.ProcessEnv = process.env): Server {
  const home = homePath(env);
  const config = readConfigFile(home);
  const remote = env.RAWORC_SERVER || config.server;
  if (!remote) return localServer(home, env.RAWORC_PORT || config.port || 9000);

  const url = checkedUrl(remote);
  const ofConfig = config.server !== undefined && withoutSlash(config.server) === url;
  const token = env.RAWORC_TOKEN || (ofConfig ? config.token : undefined);
  if (token === undefined && url === addressOf(home)) return localServer(home, 9000);
  return { url, token, local: false, home };
}

function localServer(home: string, port: number | string): Server {
  const url = addressOf(home) ?? `http://127.0.0.1:${port}`;
  return { url, token: readToken(home), local: true, home };
}

/** Where the home's service listens for browsers; it may have been killed since it wrote that. */
function addressOf(home: string): string | undefined {
  const url = readServiceFile(home)?.url ?? readContainersFile(home)?.url;
  return url === undefined ? undefined : withoutSlash(url);
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
