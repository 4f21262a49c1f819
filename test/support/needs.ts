import { spawnSync } from 'node:child_process';
import { it } from '@jest/globals';

type Test = (name: string, run: () => Promise<void>) => void;

/** A test that uses a program of the system; where it is missing, one line says so instead. */
export function itWith(program: string): Test {
  const found = spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (found) return it;
  return (name) => {
    process.stderr.write(`not run, because ${program} is not installed: ${name}\n`);
  };
}
