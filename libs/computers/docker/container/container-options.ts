import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import type { ComputerLimits } from '../../computer.js';
import type { Engine } from '../engine/engine.js';
import { environmentLines, ROOT_ENV } from './container-process.js';
import { KEEPER, KEEPER_NAME } from './keeper.js';
import { LABELS, NETWORK, type SessionNames } from '../engine/naming.js';

/** What installing takes. Processes of root have it; those of a session that is not root's have none of it. */
const ROOT_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'];
const MIB = 1024 * 1024;
const CPU_PERIOD_US = 100_000;
/** A snapshot compares two lists of all files: about 2 KB a file. */
const HELPER_MEMORY_MB = 4096;

export interface ComputerSettings {
  image: string;
  /** As it was asked for; `image` is another one after a remix. */
  namedImage: string;
  limits: Required<ComputerLimits>;
  network: 'egress' | 'none';
  /** The session's own processes are root's. */
  root: boolean;
  /** Undefined: the engine's own. */
  runtime: string | undefined;
}

/** What the volume keeps of the settings, for a container that is made again and for other processes. */
export function settingsLabels({
  namedImage,
  limits,
  network,
  root,
  runtime,
}: ComputerSettings): Record<string, string> {
  return {
    [LABELS.image]: namedImage,
    [LABELS.limits]: JSON.stringify(limits),
    [LABELS.network]: network,
    [LABELS.root]: String(root),
    ...(runtime !== undefined && { [LABELS.runtime]: runtime }),
  };
}

export function sessionLabels(engine: Engine, names: SessionNames): Record<string, string> {
  return { [LABELS.managed]: 'true', [LABELS.home]: engine.home, [LABELS.session]: names.sessionId };
}

/** Secrets are no part of it: whoever may inspect the container could read them. */
export function containerOptions(
  engine: Engine,
  names: SessionNames,
  settings: ComputerSettings,
): Docker.ContainerCreateOptions {
  return {
    name: names.container,
    Image: settings.image,
    Hostname: 'session',
    // Only the keeper: root inside cannot be killed by the session. A process that is started in a container of
    // another user would never get the capabilities that installing needs.
    User: '0:0',
    WorkingDir: '/session',
    Entrypoint: ['/bin/sh', '-c', KEEPER, KEEPER_NAME],
    Cmd: [],
    Env: environmentLines({ HOME: '/session', SESSION_DIR: '/session', ...(settings.root && ROOT_ENV) }),
    StopTimeout: 10,
    Labels: { ...sessionLabels(engine, names), ...settingsLabels(settings) },
    HostConfig: {
      ...confinement(settings.limits),
      CapAdd: ROOT_CAPABILITIES,
      ...(settings.runtime !== undefined && { Runtime: settings.runtime }),
      // Browsers and screens share pictures in it; what is not used costs nothing.
      ShmSize: 512 * MIB,
      NetworkMode: settings.network === 'none' ? 'none' : NETWORK,
      Mounts: [volumeMount(names.volume, '/session')],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
  };
}

/** For a program of ours that works on volumes out of the session's reach, without network. */
export function helperOptions(
  engine: Engine,
  names: SessionNames,
  image: string,
  argv: string[],
  mounts: Docker.MountSettings[],
  root: boolean,
): Docker.ContainerCreateOptions {
  return {
    // One that was left behind may still hold a name; this is for who looks at what runs on the engine.
    name: `raworc_helper_${names.sessionId}_${randomBytes(3).toString('hex')}`,
    Image: image,
    User: root ? '0:0' : '1000:1000',
    WorkingDir: '/',
    Entrypoint: argv.slice(0, 1),
    Cmd: argv.slice(1),
    Labels: { [LABELS.managed]: 'true', [LABELS.home]: engine.home, [LABELS.helper]: names.sessionId },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      ...confinement({ memoryMb: HELPER_MEMORY_MB, cpus: engine.limits.cpus, pids: 64 }),
      CapAdd: root ? ROOT_CAPABILITIES : [],
      // Also when the service that waits for it has ended.
      AutoRemove: true,
      NetworkMode: 'none',
      Mounts: mounts,
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}

export function volumeMount(volume: string, target: string, readOnly = false): Docker.MountSettings {
  return { Type: 'volume', Source: volume, Target: target, ReadOnly: readOnly };
}

function confinement({ memoryMb, cpus, pids }: Required<ComputerLimits>): Docker.HostConfig {
  return {
    Init: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Memory: memoryMb * MIB,
    MemorySwap: memoryMb * MIB,
    // Not NanoCpus, which the engine refuses when they are more than it has itself.
    CpuPeriod: CPU_PERIOD_US,
    CpuQuota: Math.round(cpus * CPU_PERIOD_US),
    PidsLimit: pids,
  };
}
