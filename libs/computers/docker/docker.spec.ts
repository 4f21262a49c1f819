import { randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import Docker from 'dockerode';
import { describeComputers } from '../conformance.js';
import { createDockerComputers, dockerProblem } from './index.js';
import { describeProblem } from './testing/computers.js';
import { SESSION_IMAGE } from './engine/naming.js';

const problem = await dockerProblem();
if (problem === undefined) {
  const docker = new Docker();
  // Not the standard one, so that it shows which was taken; and of this run only.
  const [repo, tag] = ['raworc/test', randomUUID()];
  const image = `${repo}:${tag}`;
  await docker.getImage(SESSION_IMAGE).tag({ repo, tag });
  afterAll(() => docker.getImage(image).remove());
  describeComputers('docker', (root) => createDockerComputers({ home: root }), image);
} else {
  describeProblem('computers: docker', problem);
}
