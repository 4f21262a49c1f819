import { execFileSync } from 'node:child_process';
import { field } from '../errno.js';
import { findProgram } from './programs.js';

const answers = new Map<string, string>();

/** Whether the bubblewrap of this machine can forbid user namespaces inside of a sandbox (0.8 and later). */
export function canDisableUserNamespaces(): boolean {
  return knows('--disable-userns');
}

/** Whether it can limit what a folder in memory holds (0.7 and later). */
export function canLimitMemoryFolders(): boolean {
  return knows('--size');
}

function knows(option: string): boolean {
  const program = findProgram('bwrap');
  if (program === undefined) return false;
  const text = answers.get(program) ?? help(program);
  answers.set(program, text);
  return text.includes(option);
}

function help(program: string): string {
  try {
    return execFileSync(program, ['--help'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    const printed = field(error, 'stdout');
    return typeof printed === 'string' ? printed : '';
  }
}
