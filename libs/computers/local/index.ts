import { resolve } from 'node:path';
import {
  type ComputerLimits,
  type Computers,
  type ComputersLogger,
  LIMIT_NAMES,
  type LimitName,
} from '../computer.js';
import { findTrees, limitsOf } from './cgroups/find-trees.js';
import { bubblewrap } from './sandbox/bubblewrap.js';
import { LocalComputers } from './local-computers.js';
import { unsafe } from './unsafe.js';

export { bubblewrapProblem } from './sandbox/problem.js';
export { attributesProblem } from './xattrs.js';

/** Limits of sessions that cannot be kept here, because this user gets no control groups for them. */
export function missingLimits(): LimitName[] {
  const held = limitsOf(findTrees('which limits hold'));
  return LIMIT_NAMES.filter((name) => !held.includes(name));
}

export interface LocalComputersOptions {
  /** The folder that holds a folder per session; made when missing, private to this user. */
  root: string;
  /** `unsafe`: the session's commands can do whatever this user can. */
  mode: 'bubblewrap' | 'unsafe';
  logger?: ComputersLogger;
  /** Of sessions that set none, where the machine can keep them. */
  limits?: ComputerLimits;
}

/** Computers made of folders and processes of this machine. */
export function createLocalComputers({ root, mode, logger, limits }: LocalComputersOptions): Computers {
  return new LocalComputers(resolve(root), mode === 'bubblewrap' ? bubblewrap : unsafe, logger, limits);
}
