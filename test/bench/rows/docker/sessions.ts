import { withBareContainers } from '../../fixtures/bare-containers.js';
import { withDockerService } from '../../fixtures/docker-service.js';
import { inTurns, timeOf } from '../../rounds.js';
import type { Bench } from '../../row.js';
import { untilStopped } from './until-stopped.js';

const AT_ONCE = 20;

/** Sessions in containers: from the call of the API to the idle session. */
export const dockerSessions: Bench = {
  name: 'Docker sessions',
  needsDocker: true,
  measure: ({ quick }) =>
    withDockerService([], (service) =>
      withBareContainers(async (bare) => {
        const create = await inTurns(quick ? 2 : 7, {
          ours: () => timeOf(() => service.session()),
          bare: () => timeOf(() => bare.run()),
        });

        const id = await service.session();
        const container = await bare.create();
        const restore = await inTurns(quick ? 2 : 15, {
          async ours() {
            await service.call('POST', `sessions/${id}/close`);
            await untilStopped(bare.docker, id);
            return timeOf(() => service.call('POST', `sessions/${id}/restore?wait=idle`));
          },
          async bare() {
            const took = await timeOf(() => container.start());
            await container.stop({ t: 0 });
            return took;
          },
        });

        const twenty = Array.from({ length: AT_ONCE });
        const atOnce = await inTurns(quick ? 1 : 3, {
          ours: () => timeOf(() => Promise.all(twenty.map(() => service.session()))),
          bare: () => timeOf(() => Promise.all(twenty.map(() => bare.run()))),
        });
        const bareIs = 'create + start';
        return [
          { path: 'create session in Docker', unit: 'ms', bareIs, bars: [], ...create },
          {
            path: 'restore in Docker, call to idle, p50',
            unit: 'ms',
            bareIs: 'docker start',
            bars: [
              { of: 'ours', atMost: 1_000 },
              { of: 'ratio', atMost: 1.3 },
            ],
            ...restore,
          },
          { path: `${AT_ONCE} sessions at once in Docker`, unit: 'ms', bareIs, bars: [], ...atOnce },
        ];
      }),
    ),
};
