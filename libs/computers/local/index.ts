import { resolve } from 'node:path';
import type { Computers, ComputersLogger } from '../computer.js';
import { bubblewrap } from './sandbox/bubblewrap.js';
import { LocalComputers } from './local-computers.js';
import { unsafe } from './unsafe.js';

export { bubblewrapProblem } from './sandbox/problem.js';

export interface LocalComputersOptions {
  /** The folder that holds a folder per session; made when missing, private to this user. */
  root: string;
  /** `unsafe`: the session's commands can do whatever this user can. */
  mode: 'bubblewrap' | 'unsafe';
  logger?: ComputersLogger;
}

/** Computers made of folders and processes of this machine. */
export function createLocalComputers({ root, mode, logger }: LocalComputersOptions): Computers {
  return new LocalComputers(resolve(root), mode === 'bubblewrap' ? bubblewrap : unsafe, logger);
}
