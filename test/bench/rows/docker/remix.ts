import { withBareContainers } from '../../fixtures/bare-containers.js';
import { withDockerService } from '../../fixtures/docker-service.js';
import { inTurns, timeOf } from '../../rounds.js';
import type { Bench } from '../../row.js';

/** 2,048 files, 100 MiB in all. */
const FILL = 'mkdir -p data/many && cd data/many && head -c 104857600 /dev/urandom | split -b 51200 -a 4 -';

/** From the call to the idle session that has a hundred MiB of files. */
export const dockerRemix: Bench = {
  name: 'Docker remix',
  needsDocker: true,
  measure: ({ quick }) =>
    withDockerService(
      [
        {
          replies: [
            [{ type: 'tool_use', name: 'bash', input: { command: FILL } }],
            [{ type: 'text', text: 'Done.' }],
          ],
        },
      ],
      (service) =>
        withBareContainers(async (bare) => {
          const id = await service.session();
          await service.call('POST', `sessions/${id}/messages?wait=reply`, { content: 'Fill the disk.' });
          const rounds = await inTurns(quick ? 1 : 5, {
            ours: () => timeOf(() => service.call('POST', `sessions/${id}/remix?wait=idle`)),
            bare: () =>
              timeOf(async () => {
                await bare.copyVolume(`raworc_session_data_${id}`);
                await bare.run();
              }),
          });
          const bareIs = 'cp -a of the volume + create + start';
          return [{ path: 'remix with 100 MiB in Docker', unit: 'ms', bareIs, bars: [], ...rounds }];
        }),
    ),
};
