import Docker from 'dockerode';
import { describeComputers } from '../conformance.js';
import { createDockerComputers, dockerProblem } from './index.js';
import { SESSION_IMAGE } from './naming.js';

const problem = await dockerProblem();
if (problem === undefined) {
  // The suite names an image that only a driver with images needs to have.
  await new Docker().getImage(SESSION_IMAGE).tag({ repo: 'some-image', tag: 'latest' });
  describeComputers('docker', (root) => createDockerComputers({ home: root }));
} else {
  console.log(`The suite of the Docker driver does not run on this machine: ${problem}`);
}
