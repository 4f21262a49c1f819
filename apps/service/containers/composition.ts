import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadImages } from '#computers';
import {
  ensureFolder,
  ensureNatsCredentials,
  replacePrivateFile,
  RuntimeError,
  type Config,
  type Home,
} from '#runtime';

export const CONTAINERS = ['raworc_nats', 'raworc_server', 'raworc_operator'] as const;

/** Settings that the composition decides, or that are about the machine outside. */
const NOT_INSIDE = new Set([
  'RAWORC_HOME',
  'RAWORC_PORT',
  'RAWORC_BIND',
  'RAWORC_PLAIN_HTTP',
  'RAWORC_SERVER',
  'RAWORC_TOKEN',
  'RAWORC_NATS_URL',
  'RAWORC_NATS_SERVER',
  'RAWORC_COMPUTERS',
  'RAWORC_ROLE',
  'RAWORC_SETTINGS_FILE',
]);

/** The compose file of this installation. */
export function composeFile(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'docker', 'compose.yaml');
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) {
      throw new RuntimeError('compose_missing', 'docker/compose.yaml is missing from this installation.');
    }
  }
}

/** Arguments that name the composition of a home, for every verb of compose. */
export function compositionOf(home: Home): string[] {
  return ['--file', composeFile(), '--env-file', envFileOf(home), '--project-name', 'raworc'];
}

export function envFileOf(home: Home): string {
  return join(home.root, 'containers.env');
}

/**
 * Writes what the containers read, each file for its owner only: the variables of the compose file, the settings of
 * this environment with its secrets, and the configuration of NATS.
 */
export async function writeComposition(home: Home, config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  await Promise.all([home.nats, home.natsStore, home.computers, home.logs].map(ensureFolder));
  const socket = engineSocket(env);
  const { uid, gid } = await stat(home.root);
  const { gid: engineGroup } = await stat(socket);
  const { SERVICE_IMAGE, NATS_IMAGE } = await loadImages();
  const variables = {
    RAWORC_HOME: home.root,
    RAWORC_HOME_LABEL: home.computers,
    RAWORC_PORT: String(config.port),
    RAWORC_USER: `${uid}:${gid}`,
    RAWORC_ENGINE_SOCKET: socket,
    RAWORC_ENGINE_GROUP: String(engineGroup),
    RAWORC_SERVICE_IMAGE: SERVICE_IMAGE,
    RAWORC_NATS_IMAGE: NATS_IMAGE,
  };
  const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}\n`);
  await replacePrivateFile(envFileOf(home), lines.join(''));
  await replacePrivateFile(join(home.root, 'containers.settings.json'), JSON.stringify(settingsOf(env)));
  await writeNatsConf(home);
}

function settingsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const ours = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      /^(RAWORC|ANTHROPIC)_/.test(entry[0]) && !NOT_INSIDE.has(entry[0]) && !!entry[1],
  );
  return Object.fromEntries(ours);
}

/** The engine has to be on this machine: the service's containers and the sessions' are neighbours on it. */
export function engineSocket(env: NodeJS.ProcessEnv): string {
  const host = env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  throw new RuntimeError(
    'engine_remote',
    `DOCKER_HOST is ${host}. raworc start --docker needs an engine on this machine, reached by its socket.`,
  );
}

/** The store is the one of the embedded server: the same sessions are there with containers and without. */
async function writeNatsConf(home: Home): Promise<void> {
  const { user, pass } = await ensureNatsCredentials(home);
  const conf = `# Written by raworc start --docker; changes are lost.
server_name: raworc
listen: "0.0.0.0:4222"
http: "127.0.0.1:8222"
max_payload: 8MB
authorization {
  user: ${JSON.stringify(user)}
  password: ${JSON.stringify(pass)}
}
jetstream {
  store_dir: "/nats/store"
  sync_interval: always
}
`;
  await writeFile(join(home.nats, 'container.conf'), conf, { mode: 0o600 });
}
