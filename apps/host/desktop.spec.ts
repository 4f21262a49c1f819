import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { selectComputers } from '#computers';
import { DESKTOP_IMAGE, describeWithDocker } from '../../test/support/needs.js';
import { bash, screen, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service } from './testing/service.js';

const line = 'echo typed by hand > data/typed';

/** A service whose computers are containers with a desktop, for one session. */
async function withDesktop(
  answers: Answer[],
  use: (service: Service, id: string, claude: Claude) => Promise<void>,
): Promise<void> {
  const world = await createWorld();
  const computers = await selectComputers({ setting: 'docker', root: `host-spec-${randomUUID()}` });
  const claude = await startClaude(answers);
  const service = await Service.start(world, claude.url, { computers });
  try {
    await use(service, await service.createSession({ desktop: true }), claude);
  } finally {
    await service.stop();
    await claude.stop();
    for (const { sessionId } of await computers.list()) await computers.destroy(sessionId);
    await computers.dispose();
    await world.remove();
  }
}

const resultsIn = (claude: Claude, n: number) =>
  claude.requests[n - 1]?.messages.at(-1)?.content as unknown as { content: unknown }[];

describeWithDocker(
  'a real desktop',
  () => {
    it(
      'takes what Host types into a terminal, and shows it',
      () =>
        withDesktop(
          [
            { content: [screen('screenshot')] },
            {
              content: [
                bash(
                  'xterm -geometry 80x24+0+0 >/dev/null 2>&1 & until wmctrl -l | grep -q .; do sleep 0.1; done',
                ),
              ],
            },
            {
              content: [
                screen('left_click', { coordinate: [200, 200] }),
                screen('type', { text: `${line}\n` }),
              ],
            },
            {
              content: [
                screen('screenshot'),
                screen('zoom', { region: [0, 0, 640, 360] }),
                screen('cursor_position'),
              ],
            },
            { content: [screen('key', { text: 'NoSuchKey' }), screen('screenshot')] },
            { content: [bash('cat data/typed; cat "logs/host_*.log"')] },
            { content: [text('Done.')] },
          ],
          async (service, id, claude) => {
            await service.post(id, 'Type something');
            await service.until(id, 'turn.completed');
            const results = (n: number) => resultsIn(claude, n);
            const picture = { type: 'image', source: { type: 'base64', media_type: 'image/jpeg' } };
            expect(results(4)).toMatchObject([
              { content: 'Clicked.' },
              { content: `Typed ${line.length + 1} characters.` },
            ]);
            expect(results(5)).toMatchObject([
              { content: [picture] },
              { content: [picture] },
              { content: 'X=200,Y=200' },
            ]);
            expect(results(5)[0]?.content).not.toEqual(results(2)[0]?.content);
            expect(results(6)).toMatchObject([
              { is_error: true, content: expect.stringContaining('NoSuchKey') },
              { is_error: true, content: expect.stringContaining('Not executed') },
            ]);
            expect(results(7)[0]?.content).toMatch(/^typed by hand\n[^]*left_click completed/);
          },
        ),
      120_000,
    );

    it(
      'makes Host do nothing twice when the container dies under a tool',
      () =>
        withDesktop(
          [
            { content: [bash('echo ran >> data/count'), screen('screenshot')] },
            { content: [screen('hold_key', { text: 'a', duration: 30 }), screen('screenshot')] },
            { content: [screen('screenshot'), bash('cat data/count')] },
            { content: [text('Done.')] },
          ],
          async (service, id, claude) => {
            const kill = () => promisify(execFile)('docker', ['kill', `raworc_session_${id}`]);
            await service.post(id, 'Work');
            await service.until(id, 'tool.started', 3);
            await kill();
            await service.until(id, 'tool.completed', 3);
            await service.computers.start(id);
            await service.until(id, 'turn.completed');
            const stopped = expect.stringContaining('outcome is unknown');
            expect(resultsIn(claude, 3)).toMatchObject([
              { is_error: true, content: expect.arrayContaining([{ type: 'text', text: stopped }]) },
              { is_error: true, content: expect.stringContaining('Not executed') },
            ]);
            expect(resultsIn(claude, 4)).toMatchObject([
              { content: [{ type: 'image' }] },
              { content: expect.stringMatching(/^\[The shell ended before this command.*\]\nran\n$/) },
            ]);
          },
        ),
      120_000,
    );
  },
  DESKTOP_IMAGE,
);
