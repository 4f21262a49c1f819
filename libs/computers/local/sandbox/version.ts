import { execFileSync } from 'node:child_process';
import { field } from '../errno.js';
import { findProgram } from './programs.js';

const answers = new Map<string, boolean>();

/** Whether the bubblewrap of this machine can forbid user namespaces inside of a sandbox (0.8 and later). */
export function canDisableUserNamespaces(): boolean {
  const program = findProgram('bwrap');
  if (program === undefined) return false;
  const known = answers.get(program) ?? help(program).includes('--disable-userns');
  answers.set(program, known);
  return known;
}

function help(program: string): string {
  try {
    return execFileSync(program, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    const printed = field(error, 'stdout');
    return typeof printed === 'string' ? printed : '';
  }
}
