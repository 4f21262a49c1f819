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

export const SESSION_IMAGE = 'raworc/session:latest';
export const DESKTOP_IMAGE = 'raworc/session-desktop:latest';

export function engineHas(image: string): boolean {
  return spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0;
}

/**
 * Describes what needs an engine with an image; without them one line says so. With RAWORC_REQUIRE_DOCKER set, as in
 * CI, it fails then.
 */
export function describeWithDocker(name: string, suite: () => void, image = SESSION_IMAGE): void {
  if (engineHas(image)) return describe(name, suite);
  process.stderr.write(`not run, because no Docker engine with ${image} answers: ${name}\n`);
  it(`${name} may be left out`, () => expect(process.env['RAWORC_REQUIRE_DOCKER']).toBeFalsy());
}
