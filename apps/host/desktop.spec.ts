import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { ComputerError, planComputers, selectComputers } from '#computers';
import { DEFAULT_DESKTOP_IMAGE } from '#runtime';
import { bash, screen, startClaude, text } from './testing/claude.js';
import { createWorld, Service } from './testing/service.js';

/** Why there is no real desktop on this machine. */
async function problem(): Promise<string | undefined> {
  try {
    await planComputers({ setting: 'docker', image: DEFAULT_DESKTOP_IMAGE });
    return undefined;
  } catch (error) {
    if (error instanceof ComputerError) return error.message;
    throw error;
  }
}

const missing = await problem();
const itWithDesktop: (name: string, run: () => Promise<void>, ms: number) => void =
  missing === undefined
    ? it
    : (name) => {
        process.stderr.write(`not run, because there is no desktop (${missing}): ${name}\n`);
        it('says why there is no desktop here', () => expect(missing).not.toBe(''));
      };

const line = 'echo typed by hand > data/typed';

itWithDesktop(
  'Host opens a terminal on a real desktop, types into it and sees what it did',
  async () => {
    const world = await createWorld();
    const computers = await selectComputers({ setting: 'docker', root: `host-spec-${randomUUID()}` });
    const claude = await startClaude([
      { content: [screen('screenshot')] },
      {
        content: [
          bash('xterm -geometry 80x24+0+0 >/dev/null 2>&1 & until wmctrl -l | grep -q .; do sleep 0.1; done'),
        ],
      },
      { content: [screen('left_click', { coordinate: [200, 200] }), screen('type', { text: `${line}\n` })] },
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
    ]);
    const service = await Service.start(world, claude.url, { computers });
    try {
      const id = await service.createSession({ desktop: true });
      await service.post(id, 'Type something');
      await service.until(id, 'turn.completed');
      const results = (n: number) =>
        claude.requests[n]?.messages.at(-1)?.content as unknown as { content: unknown }[];
      expect(results(3)).toMatchObject([
        { content: 'Clicked.' },
        { content: `Typed ${line.length + 1} characters.` },
      ]);
      const picture = { type: 'image', source: { type: 'base64', media_type: 'image/jpeg' } };
      expect(results(4)).toMatchObject([
        { content: [picture] },
        { content: [picture] },
        { content: 'X=200,Y=200' },
      ]);
      expect(results(4)[0]?.content).not.toEqual(results(1)[0]?.content);
      expect(results(5)).toMatchObject([
        { is_error: true, content: expect.stringContaining('NoSuchKey') },
        { is_error: true, content: expect.stringContaining('Not executed') },
      ]);
      expect(results(6)[0]?.content).toMatch(/^typed by hand\n[^]*left_click completed/);
    } finally {
      await service.stop();
      await claude.stop();
      for (const { sessionId } of await computers.list()) await computers.destroy(sessionId);
      await computers.dispose();
      await world.remove();
    }
  },
  120_000,
);
