import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import type { ComputerSpec, Computers, ExecResult } from '../../computer.js';
import { createDockerComputers, dockerProblem, type DockerComputersOptions } from '../index.js';

export const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

export interface DockerFixture {
  readonly docker: Docker;
  readonly computers: Computers;
  readonly home: string;
  /** A computer that runs, of an id of its own. */
  running(spec?: Partial<ComputerSpec>): Promise<string>;
  /** Runs a command in the session's shell. */
  bash(sessionId: string, command: string, timeoutMs?: number): Promise<ExecResult>;
  /** The same, for a command that must succeed. */
  output(sessionId: string, command: string): Promise<string>;
  /** The computers of another service on the same engine, or of the same one with other options. */
  others(options: Partial<DockerComputersOptions>): Computers;
}

/** Describes what needs an engine and an image, by default the session image; without them it says so in one line. */
export async function describeWithDocker(
  name: string,
  suite: (fixture: DockerFixture) => void,
  image?: string,
): Promise<void> {
  const problem = await dockerProblem({ image });
  if (problem === undefined) describe(name, () => suite(useDocker()));
  else describeProblem(name, problem);
}

/**
 * All that can be shown of a suite on a machine without an engine: that the problem comes with what to do. With
 * RAWORC_REQUIRE_DOCKER set, as in CI, it fails.
 */
export function describeProblem(name: string, problem: string): void {
  console.log(`"${name}" does not run on this machine: ${problem}`);
  it(`says why "${name}" does not run here`, () => {
    expect(process.env['RAWORC_REQUIRE_DOCKER']).toBeFalsy();
    expect(problem).toMatch(/Start it|images build/);
  });
}

/** On the engine that the environment names when a test begins. */
export function useDocker(): DockerFixture {
  let docker: Docker;
  let home = '';
  let instances: Computers[] = [];
  const others = (options: Partial<DockerComputersOptions>): Computers => {
    const created = createDockerComputers({ home, ...options });
    instances.push(created);
    return created;
  };
  let computers: Computers;

  beforeEach(() => {
    docker = new Docker();
    home = `test-${randomUUID()}`;
    instances = [];
    computers = others({});
  });

  afterEach(async () => {
    for (const instance of instances) {
      for (const { sessionId } of await instance.list()) await instance.destroy(sessionId);
      await instance.dispose();
    }
  });

  const bash = async (sessionId: string, command: string, timeoutMs = LIMITS.timeoutMs) =>
    (await computers.shell(sessionId)).run(command, { ...LIMITS, timeoutMs });

  return {
    others,
    bash,
    get docker() {
      return docker;
    },
    get computers() {
      return computers;
    },
    get home() {
      return home;
    },
    async running(spec = {}) {
      const sessionId = spec.sessionId ?? `s${randomUUID()}`;
      await computers.create({ ...spec, sessionId });
      await computers.start(sessionId);
      return sessionId;
    },
    async output(sessionId, command) {
      const result = await bash(sessionId, command);
      expect(result).toMatchObject({ outcome: 'exited', exitCode: 0 });
      return result.output;
    },
  };
}
