import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '#domain';
import { bash, startClaude, text, use, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const OVER = /take up [\d.]+ MiB and may take up 16\.0 MiB.*limits\.disk_mb.*Delete what is not needed/;
/** Would need 2 s for 200 MiB, and much longer to end by itself. */
const FILL = 'while :; do head -c 1M /dev/zero >> data/filler; sleep 0.01; done';

let world: World;
let claude: Claude;
let service: Service;
let id: string;

async function begin(answers: Answer[], limits: { disk_mb?: number } = { disk_mb: 16 }): Promise<void> {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url, { diskLookMs: 50, maxDiskMb: 0 });
  id = await service.createSession({ limits });
}

/** What the tools of one turn answered. */
async function turn(content = 'go'): Promise<{ content: unknown; is_error: boolean; outcome: string }[]> {
  const before = (await service.history(id)).length;
  await service.post(id, content);
  await service.until(id, 'turn.completed', 1 + countOf(await service.history(id), 'turn.completed'));
  const since = (await service.history(id)).slice(before);
  return since.flatMap((event) => (event.type === 'tool.completed' ? [event.data] : []));
}

const countOf = (events: EventEnvelope[], type: EventEnvelope['type']): number =>
  events.filter((event) => event.type === type).length;

const disruptions = async () =>
  (await service.history(id)).flatMap((event) => (event.type === 'computer.disrupted' ? [event.data] : []));

const create = (path: string, file_text: string) =>
  use('str_replace_based_edit_tool', { command: 'create', path, file_text });

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  await world.remove();
});

describe('a session that uses more of the disk than it may', () => {
  it('has its command stopped, is told, can make room, and goes on', async () => {
    await begin([
      { content: [bash(`echo begun; ${FILL}`)] },
      { content: [create('data/late', 'text')] },
      { content: [bash(FILL)] },
      { content: [bash('rm data/filler; echo made room')] },
      { content: [create('data/late', 'text')] },
      { content: [bash('cat data/late; head -c 2M /dev/zero > data/more')] },
      { content: [text('Done.')] },
    ]);
    const [filled, refused, grown, deleted, written, more] = await turn();
    expect(filled).toMatchObject({
      is_error: true,
      outcome: 'failed',
      content: expect.stringMatching(/^begun\n/),
    });
    expect(filled?.content).toMatch(OVER);
    expect(refused).toMatchObject({
      is_error: true,
      outcome: 'not_executed',
      content: expect.stringMatching(OVER),
    });
    expect(grown).toMatchObject({ is_error: true, content: expect.stringMatching(OVER) });
    expect(deleted).toMatchObject({ is_error: false, content: 'made room\n' });
    expect(written).toMatchObject({ is_error: false });
    expect(more).toMatchObject({ is_error: false, content: 'text' });
    expect(await disruptions()).toEqual([
      { reason: 'disk_full', detail: expect.stringMatching(OVER), running: true },
    ]);
  });

  it('may look at files, and is told of each time anew', async () => {
    await begin([
      { content: [bash(FILL)] },
      { content: [use('str_replace_based_edit_tool', { command: 'view', path: 'data' })] },
      { content: [bash('rm data/filler')] },
      { content: [bash(FILL)] },
      { content: [text('Done.')] },
    ]);
    const [, seen] = await turn();
    expect(seen).toMatchObject({ is_error: false, content: expect.stringContaining('filler') });
    expect(await disruptions()).toHaveLength(2);
  });

  it('cannot write on in the background', async () => {
    await begin([
      // Steps that a busy machine takes between two looks, too.
      { content: [bash(`(${FILL.replace('1M', '8M')}) > /dev/null 2>&1 &`)] },
      { content: [bash('sleep 60')] },
      { content: [bash('a=$(stat -c %s data/filler); sleep 0.2; echo $(($(stat -c %s data/filler) - a))')] },
      { content: [text('Done.')] },
    ]);
    const [, filled, later] = await turn();
    expect(filled?.content).toMatch(/in the background.*was ended/);
    expect(later).toMatchObject({ content: '0\n' });
  });

  it('is found out in many short turns too', async () => {
    const answers = Array.from({ length: 30 }, (): Answer[] => [
      { content: [bash('head -c 2M /dev/zero >> data/filler; sleep 0.01')] },
      { content: [text('Done.')] },
    ]);
    await begin(answers.flat());
    let said: unknown;
    for (let n = 0; n < 30 && !OVER.test(String(said)); n++) said = (await turn())[0]?.content;
    expect(said).toMatch(OVER);
  });
});

it('is not counted what takes up no room', async () => {
  await begin([
    { content: [bash('truncate -s 1T data/holes; sleep 0.3; echo done')] },
    { content: [text('Yes.')] },
  ]);
  expect(await turn()).toMatchObject([{ is_error: false, content: 'done\n' }]);
});

it('uses what there is where nothing is limited', async () => {
  await begin(
    [
      { content: [bash('head -c 40M /dev/zero > data/f; sleep 0.3; echo done')] },
      { content: [text('Yes.')] },
    ],
    {},
  );
  expect(await turn()).toMatchObject([{ is_error: false, content: 'done\n' }]);
});
