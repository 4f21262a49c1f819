import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalComputers, type Computers, type InputAction } from '#computers';
import { createMemoryStore } from '#event-store';
import { withScreen, type Screen } from '../../testing/screen.js';
import type { ToolAnswer } from '../tool.js';
import { createToolBox } from '../toolbox.js';
import { Settling } from './settling.js';

const SETTLE_MS = 60;
const root = await mkdtemp(join(tmpdir(), 'raworc-screen-'));
const { attachments } = createMemoryStore();
let computers: Computers;
let screen: Screen;
let sessions = 0;
let sessionId: string;
let settling: Settling;

beforeEach(async () => {
  ({ computers, screen } = withScreen(createLocalComputers({ root, mode: 'unsafe' })));
  settling = new Settling(SETTLE_MS);
  sessionId = `0199c0de-0000-7000-8000-${String(++sessions).padStart(12, '0')}`;
  await computers.create({ sessionId });
  await computers.start(sessionId);
});
afterAll(() => rm(root, { recursive: true, force: true }));

function use(
  name: string,
  input: unknown = {},
  { configs, signal = new AbortController().signal }: { configs?: unknown; signal?: AbortSignal } = {},
): Promise<ToolAnswer> {
  const definitions = [
    { type: 'bash_20250124', name: 'key' },
    { type: 'computer_toolset_20260801', configs },
  ];
  const tools = createToolBox(definitions, {
    bash: { timeoutMs: 1_000, maxCharacters: 100 },
    screen: { maxWaitSeconds: 0.02, maxHoldSeconds: 2, maxTextLength: 10 },
    settling,
  });
  const block = { type: 'tool_use' as const, id: 'u1', name, input, toolset_name: 'computer' };
  return tools(block, { sessionId, computers, attachments, hide: (text) => text, signal });
}

describe('a member of the computer toolset', () => {
  it.each<[string, unknown, InputAction, string]>([
    ['key', { text: 'ctrl+l' }, { do: 'key', keys: 'ctrl+l', repeat: 1 }, 'Pressed ctrl+l.'],
    ['key', { text: 'Tab', repeat: 3 }, { do: 'key', keys: 'Tab', repeat: 3 }, 'Pressed Tab 3 times.'],
    ['hold_key', { text: 'a', duration: 0.5 }, { do: 'hold', keys: 'a', ms: 500 }, 'Held a for 0.5 s.'],
    [
      'hold_key',
      { text: 'a', duration: 9 },
      { do: 'hold', keys: 'a', ms: 2000 },
      'Held a for 2 s, the longest that one hold may take; do it again if that is not enough.',
    ],
    ['type', { text: 'héllo\n' }, { do: 'type', text: 'héllo\n' }, 'Typed 6 characters.'],
    ['mouse_move', { coordinate: [1, 2] }, { do: 'move', to: [1, 2] }, 'The pointer is at 1, 2.'],
    ['left_mouse_down', {}, { do: 'press', button: 'left' }, 'The left button is down.'],
    ['left_mouse_up', {}, { do: 'release', button: 'left' }, 'The left button is up.'],
    [
      'left_click',
      { coordinate: [1279, 719], text: 'ctrl' },
      { do: 'click', button: 'left', times: 1, at: [1279, 719], held: 'ctrl' },
      'Clicked.',
    ],
    [
      'left_click',
      { coordinate: [10.6, 0], text: null },
      { do: 'click', button: 'left', times: 1, at: [11, 0] },
      'Clicked.',
    ],
    ['right_click', {}, { do: 'click', button: 'right', times: 1 }, 'Clicked with the right button.'],
    [
      'middle_click',
      { coordinate: null },
      { do: 'click', button: 'middle', times: 1 },
      'Clicked with the middle button.',
    ],
    ['double_click', {}, { do: 'click', button: 'left', times: 2 }, 'Clicked twice.'],
    ['triple_click', {}, { do: 'click', button: 'left', times: 3 }, 'Clicked three times.'],
    [
      'left_click_drag',
      { start_coordinate: [1, 2], coordinate: [3, 4] },
      { do: 'drag', from: [1, 2], to: [3, 4] },
      'Dragged to 3, 4.',
    ],
    [
      'scroll',
      { scroll_direction: 'down', scroll_amount: 5, coordinate: [1, 2] },
      { do: 'scroll', direction: 'down', amount: 5, at: [1, 2] },
      'Scrolled down.',
    ],
  ])('%s %j reaches the screen', async (name, input, action, said) => {
    expect(await use(name, input)).toEqual({ content: said, isError: false, outcome: 'completed' });
    expect(screen.actions()).toEqual([action]);
  });

  it('cursor_position tells where the pointer is', async () => {
    await use('mouse_move', { coordinate: [7, 8] });
    expect((await use('cursor_position')).content).toBe('X=7,Y=8');
  });

  it('wait waits, no longer than it may', async () => {
    expect((await use('wait', { duration: 0.01 })).content).toBe('Waited 0.01 s.');
    expect((await use('wait', { duration: 3600 })).content).toMatch(/^Waited 0.02 s, the longest/);
  });

  it.each<[string, unknown, unknown]>([
    ['screenshot', {}, undefined],
    ['zoom', { region: [0, 0, 1280, 720] }, [0, 0, 1280, 720]],
  ])('%s gives a picture by its name, which is kept', async (name, input, region) => {
    const { content, isError } = await use(name, input);
    expect(isError).toBe(false);
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    const [picture] = content as unknown as { source: { sha256: string; bytes: number } }[];
    expect(content).toEqual([
      {
        type: 'image',
        source: { type: 'attachment', media_type: 'image/jpeg', sha256, bytes: expect.any(Number) },
      },
    ]);
    const bytes = await attachments.get(sessionId, picture?.source.sha256 ?? '');
    expect(bytes?.byteLength).toBe(picture?.source.bytes);
    expect(screen.events).toMatchObject([{ saw: 'screenshot', ...(region === undefined ? {} : { region }) }]);
  });

  it.each<[string, unknown, string | RegExp]>([
    ['left_click', { coordinate: [1280, 0] }, /The screen is 1280 by 720 pixels/],
    ['left_click', { coordinate: [-1, 0] }, /The screen is 1280 by 720 pixels/],
    ['left_click', { coordinate: [1] }, /coordinate/],
    ['left_click', { coordinate: '1,2' }, /coordinate/],
    ['mouse_move', {}, /coordinate/],
    ['left_click_drag', { coordinate: [1, 2] }, /start_coordinate/],
    ['type', { text: 'more than ten' }, /at most 10 characters/],
    ['type', {}, /text/],
    ['key', { text: ' ' }, /Name a key/],
    ['key', { text: 'a', repeat: 0 }, /repeat/],
    ['key', { text: 'NoSuchKey' }, /NoSuchKey is not a key/],
    ['scroll', { scroll_direction: 'in', scroll_amount: 1 }, /scroll_direction/],
    ['scroll', { scroll_direction: 'up', scroll_amount: 1e9 }, /scroll_amount/],
    ['wait', { duration: -1 }, /duration/],
    ['zoom', { region: [5, 5, 5, 9] }, /x0 < x1/],
    ['zoom', { region: [0, 0, 1281, 9] }, /The screen is/],
    ['bash', {}, /There is no tool named computer.bash/],
  ])('%s %j is answered with what is wrong', async (name, input, said) => {
    expect(await use(name, input)).toMatchObject({
      isError: true,
      outcome: 'failed',
      content: expect.stringMatching(said),
    });
    expect(screen.actions()).toEqual([]);
  });

  it('that is switched off is not there', async () => {
    const { content, isError } = await use(
      'zoom',
      { region: [0, 0, 9, 9] },
      { configs: { zoom: { enabled: false } } },
    );
    expect({ content, isError }).toMatchObject({
      isError: true,
      content: expect.stringContaining('computer.zoom'),
    });
  });

  it.each([
    ['wait', { duration: 0.02 }],
    ['screenshot', {}],
  ])('%s ends at once when the turn is stopped', async (name, input) => {
    await use('key', { text: 'a' });
    const stopping = new AbortController();
    const answer = use(name, input, { signal: stopping.signal });
    stopping.abort();
    await expect(answer).rejects.toThrow('aborted');
    expect(screen.events).toHaveLength(1);
  });
});

describe('a picture', () => {
  const waited = (): number => (screen.events[1]?.at ?? 0) - (screen.events[0]?.at ?? 0);

  it('is taken when the last action had time to show', async () => {
    await use('left_click', { coordinate: [1, 2] });
    await use('screenshot');
    expect(waited()).toBeGreaterThanOrEqual(SETTLE_MS - 2);
  });

  it('of a screen that was left alone is taken at once', async () => {
    settling = new Settling(60_000);
    await use('screenshot');
    await use('zoom', { region: [0, 0, 9, 9] });
    expect(screen.events).toHaveLength(2);
  });
});
