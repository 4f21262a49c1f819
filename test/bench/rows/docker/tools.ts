import { randomUUID } from 'node:crypto';
import { selectComputers, type Computers } from '#computers';
import { withBareContainers } from '../../fixtures/bare-containers.js';
import { inTurns, timesOf } from '../../rounds.js';
import type { Bench } from '../../row.js';
import { median } from '../../stats.js';

const LIMITS = { timeoutMs: 10_000, maxOutputBytes: 64 * 1024 };
const SCREENSHOT = ['env', 'DISPLAY=:1', 'scrot', '--overwrite', '--quality', '75', '/tmp/bench.jpg'];
const DESKTOP_IMAGE = 'raworc/session-desktop:latest';

/** What Host's tools cost in a container. */
export const dockerTools: Bench = {
  name: 'Docker tools',
  needsDocker: true,
  measure: ({ quick }) =>
    withComputer(async (computers, id) =>
      withBareContainers(async (bare) => {
        const container = await bare.create();
        await container.start();
        const milliseconds = quick ? 300 : 1_500;
        const p50 = async (step: () => Promise<unknown>) => median(await timesOf(milliseconds, step));
        const shell = await computers.shell(id);
        const bash = await inTurns(quick ? 2 : 7, {
          // A builtin that takes no time of its own.
          ours: () => p50(() => shell.run(':', LIMITS)),
          bare: () => p50(() => bare.exec(container, ['bash', '-c', ':'])),
        });
        const screen = await inTurns(quick ? 2 : 7, {
          ours: () => p50(() => computers.screenshot(id)),
          bare: () => p50(() => bare.exec(bare.docker.getContainer(`raworc_session_${id}`), SCREENSHOT)),
        });
        return [
          {
            path: 'bash tool call in Docker, p50',
            unit: 'ms',
            bareIs: 'docker exec',
            bars: [{ of: 'ours', atMost: 10 }],
            ...bash,
          },
          {
            path: 'screenshot in Docker, p50',
            unit: 'ms',
            bareIs: 'docker exec of a screenshot tool',
            bars: [],
            ...screen,
          },
        ];
      }),
    ),
};

async function withComputer<T>(work: (computers: Computers, id: string) => Promise<T>): Promise<T> {
  const computers = await selectComputers({ setting: 'docker', root: `bench-${randomUUID()}` });
  const sessionId = `bench-${randomUUID()}`;
  try {
    await computers.create({ sessionId, image: DESKTOP_IMAGE });
    await computers.start(sessionId);
    return await work(computers, sessionId);
  } finally {
    await computers.destroy(sessionId);
    await computers.dispose();
  }
}
