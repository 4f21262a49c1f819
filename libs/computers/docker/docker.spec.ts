import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import Docker from 'dockerode';
import { describeComputers } from '../conformance.js';
import { createDockerComputers, dockerProblem } from './index.js';
import { describeProblem } from './testing/computers.js';
import { LABELS, SESSION_IMAGE } from './naming.js';

/** The suite's session ids are always the same: what a run that was killed left behind would be in the way. */
async function removeLeftovers(docker: Docker): Promise<void> {
  const { Volumes: volumes } = await docker.listVolumes({ filters: { label: [LABELS.session] } });
  for (const { Labels: labels } of volumes ?? []) {
    const [home, sessionId] = [labels[LABELS.home] ?? '', labels[LABELS.session] ?? ''];
    if (!home.startsWith(join(tmpdir(), 'raworc-computers-'))) continue;
    await createDockerComputers({ home }).destroy(sessionId);
  }
}

const problem = await dockerProblem();
if (problem === undefined) {
  const docker = new Docker();
  await removeLeftovers(docker);
  // The suite names an image that only a driver with images needs to have.
  await docker.getImage(SESSION_IMAGE).tag({ repo: 'some-image', tag: 'latest' });
  afterAll(() => docker.getImage('some-image:latest').remove());
  describeComputers('docker', (root) => createDockerComputers({ home: root }));
} else {
  describeProblem('computers: docker', problem);
}
