import { access, chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, parse, resolve } from 'node:path';
import { messageOf, systemErrorCode } from '../errors.js';
import { HomeError } from './home-error.js';

/** Where a service keeps its things. All paths are absolute; folders other than `root` are made when first used. */
export interface Home {
  root: string;
  config: string;
  /** The bearer token of the local server. */
  token: string;
  /** The key that wraps every session's data key. Without it no stored secret can be read. */
  masterKey: string;
  /** The name by which this home's computers are known on the log. */
  nodeId: string;
  nats: string;
  natsConfig: string;
  natsCredentials: string;
  /** JetStream's folder: the log itself. */
  natsStore: string;
  natsLog: string;
  /** Read models; may be deleted, and are built again from the log. */
  views: string;
  computers: string;
  logs: string;
  serviceLog: string;
  /** Where the running service writes how to reach it. */
  serviceFile: string;
  /** Where it listens for the command line of this machine. */
  socket: string;
  /** Start of the names of the lock's files. */
  lockFile: string;
  /** The same for what only one process of a home may be, whatever its role: the server, and what works on computers. */
  serverLock: string;
  operatorLock: string;
}

/**
 * Makes the folder, for its owner only, and checks that it can be written to.
 * @throws {HomeError} `home_not_writable`; `home_unsuitable` for a folder that is not for Raworc alone.
 */
export async function openHome(path: string): Promise<Home> {
  refuseSharedFolder(resolve(path));
  // One name for one folder, however it was reached: processes are told apart by it.
  const root = await realpath(await ensureFolder(resolve(path)));
  await access(root, constants.R_OK | constants.W_OK | constants.X_OK).catch((error) => fail(root, error));
  return layOut(root);
}

/**
 * Makes a folder of the home, with those above it, for its owner only (0700).
 * @throws {HomeError} `home_not_writable`.
 */
export async function ensureFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await makePrivate(path);
  } catch (error) {
    fail(path, error);
  }
  return path;
}

function layOut(root: string): Home {
  const nats = join(root, 'nats');
  const logs = join(root, 'logs');
  return {
    root,
    config: join(root, 'config.json'),
    token: join(root, 'token'),
    masterKey: join(root, 'master.key'),
    nodeId: join(root, 'node'),
    nats,
    natsConfig: join(nats, 'nats.conf'),
    natsCredentials: join(nats, 'credentials.json'),
    natsStore: join(nats, 'store'),
    natsLog: join(logs, 'nats.log'),
    views: join(root, 'views'),
    computers: join(root, 'computers'),
    logs,
    serviceLog: join(logs, 'service.log'),
    serviceFile: join(root, 'service.json'),
    socket: join(root, 'api.sock'),
    lockFile: join(root, 'service.lock'),
    serverLock: join(root, 'api.lock'),
    operatorLock: join(root, 'computers.lock'),
  };
}

/** These belong to others too; making them private would lock those out. */
function refuseSharedFolder(root: string): void {
  if (![parse(root).root, homedir(), tmpdir()].includes(root)) return;
  const message = `${root} cannot be RAWORC_HOME, because it is not for Raworc alone. Set RAWORC_HOME to a folder in it, such as ${join(root, '.raworc')}.`;
  throw new HomeError('home_unsuitable', message);
}

async function makePrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  try {
    await chmod(path, 0o700);
  } catch (error) {
    // A mounted volume may belong to another user and still be ours to write in.
    if (systemErrorCode(error) !== 'EPERM') throw error;
  }
}

function fail(path: string, error: unknown): never {
  throw new HomeError(
    'home_not_writable',
    `Raworc cannot write to ${path}: ${messageOf(error)}. Make it writable for this user, or set RAWORC_HOME to another folder.`,
    { cause: error },
  );
}
