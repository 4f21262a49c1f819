import Sequencer from '@jest/test-sequencer';

/** Suites that mostly wait, for containers or processes: begun last, they would be waited for alone. */
const SLOW = [
  'libs/computers/local/unsafe-computers',
  'libs/computers/local/bubblewrap-computers',
  'libs/computers/docker/docker.spec',
  'apps/operator/engine-trouble',
  'apps/operator/containers',
  'test/e2e/tour',
  'test/e2e/playground',
  'apps/service/containers',
  'test/crash',
  'libs/computers/docker',
  'test/e2e',
  'apps/cli',
  'apps/service',
];

/** Jest's own order knows how long suites took on this machine; where it does not yet, slow ones come first. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ path }) {
  const index = SLOW.findIndex((part) => path.includes(`/${part}`));
  return index === -1 ? SLOW.length : index;
}
