import { describeComputers } from '../conformance.js';
import { bubblewrapProblem, createLocalComputers } from './index.js';

const problem = await bubblewrapProblem();
if (problem === undefined) {
  describeComputers('local, bubblewrap', (root) => createLocalComputers({ root, mode: 'bubblewrap' }));
} else {
  console.log(`The suite of the bubblewrap driver does not run on this machine: ${problem}.`);
}
