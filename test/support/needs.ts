import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

type Test = (name: string, run: () => Promise<void>) => void;

/** A test that uses a program of the system; where it is missing, one line says so instead. */
export function itWith(program: string): Test {
  const found = spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (found) return it;
  return (name) => {
    process.stderr.write(`not run, because ${program} is not installed: ${name}\n`);
  };
}

/** Describes what needs an engine with the session image; without them one line says so, unless they are required. */
export function describeWithDocker(name: string, suite: () => void): void {
  const inspect = spawnSync('docker', ['image', 'inspect', 'raworc/session:latest'], { stdio: 'ignore' });
  if (inspect.status === 0) return describe(name, suite);
  process.stderr.write(`not run, because no Docker engine with the session image answers: ${name}\n`);
  it(`${name} may be left out`, () => expect(process.env['RAWORC_REQUIRE_DOCKER']).toBeFalsy());
}
