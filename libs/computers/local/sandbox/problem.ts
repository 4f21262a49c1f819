import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROBE_USER } from '../session-user/allocate.js';
import { makeSessionFolder, sessionFolder } from '../session-folder.js';
import { SessionProcess } from '../session-process.js';
import { bubblewrap } from './bubblewrap.js';
import { findProgram } from './programs.js';
import { systemCallFilter } from './system-call-filter.js';
import { userNamespacesProblem } from './user-namespaces.js';
import { USER_DROP_PROGRAMS } from './user-drop.js';
import { canDisableUserNamespaces } from './version.js';

/** What is wrong, and what to do about it. */
export interface SandboxProblem {
  reason: string;
  remedy?: string;
}

/** Undefined when a sandbox can really be made here, else why not, and what to do. */
export async function bubblewrapProblem(): Promise<string | undefined> {
  const problem = missingParts() ?? (await probe());
  return problem && [problem.reason, problem.remedy].filter((part) => part !== undefined).join('. ');
}

function missingParts(): SandboxProblem | undefined {
  if (findProgram('bwrap') === undefined) {
    return {
      reason: 'the program bwrap is not installed',
      remedy: 'Install bubblewrap (for example: apt-get install bubblewrap)',
    };
  }
  if (systemCallFilter() === undefined) {
    return {
      reason: `there is no system call filter for this processor (${process.arch})`,
    };
  }
  if (!bubblewrap.separatesUsers) return undefined;
  const missing = USER_DROP_PROGRAMS.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    return {
      reason: `the service runs as root and needs ${missing.join(', ')} to give each session a user of its own`,
      remedy: 'Install util-linux, or start Raworc as a plain user',
    };
  }
  if (!canDisableUserNamespaces()) {
    return {
      reason:
        'the service runs as root, and this bubblewrap is too old for that (it has no --disable-userns; 0.8 has)',
      remedy: 'Start Raworc as a plain user, or install bubblewrap 0.8 or later',
    };
  }
  return undefined;
}

async function probe(): Promise<SandboxProblem | undefined> {
  const root = await mkdtemp(join(tmpdir(), 'raworc-probe-'));
  const user = bubblewrap.separatesUsers ? PROBE_USER : undefined;
  try {
    const folder = sessionFolder(root, 'probe');
    await makeSessionFolder(folder, user);
    const { files } = folder;
    const context = { isolation: bubblewrap, files, env: {}, user };
    const { child } = await SessionProcess.start(
      context,
      ['/bin/sh', '-c', ':'],
      ['ignore', 'ignore', 'pipe'],
    );
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    if (exitCode === 0) return undefined;
    return userNamespacesProblem() ?? { reason: complaint.trim() || 'bwrap could not start a process' };
  } finally {
    await bubblewrap.leave?.(root);
    await rm(root, { recursive: true, force: true });
  }
}
