import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalComputers, type Computers } from '#computers';
import { createMemoryStore } from '#event-store';
import { eventually } from '../../../test/support/eventually.js';
import { SCREEN_LIMITS } from './computer/limits.js';
import { Settling } from './computer/settling.js';
import type { ToolAnswer, ToolBox } from './tool.js';
import { createToolBox } from './toolbox.js';

const EDITOR = 'str_replace_based_edit_tool';
let root: string;
let computers: Computers;
let tools: ToolBox;
const { attachments } = createMemoryStore();
let sessions = 0;
let sessionId: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'raworc-tools-'));
  computers = createLocalComputers({ root, mode: 'unsafe' });
  const definitions = [
    { type: 'bash_20250124', name: 'bash' },
    { type: 'text_editor_20250728', name: EDITOR, max_characters: 100 },
  ];
  tools = createToolBox(definitions, {
    bash: { timeoutMs: 1_000, maxCharacters: 100 },
    screen: SCREEN_LIMITS,
    settling: new Settling(0),
  });
});
beforeEach(async () => {
  sessionId = `0199c0de-0000-7000-8000-${String(++sessions).padStart(12, '0')}`;
  await computers.create({ sessionId });
  await computers.start(sessionId);
});
afterAll(async () => {
  await computers.dispose();
  await rm(root, { recursive: true, force: true });
});

function use(name: string, input: unknown, signal = new AbortController().signal): Promise<ToolAnswer> {
  const hide = (text: string) => text;
  const block = { type: 'tool_use' as const, id: 'u1', name, input };
  return tools(block, { sessionId, computers, attachments, hide, signal });
}
const bash = (command: string): Promise<ToolAnswer> => use('bash', { command });
const edit = (input: Record<string, unknown>): Promise<ToolAnswer> =>
  use(EDITOR, { path: 'data/f', ...input });
const content = async (): Promise<string> =>
  Buffer.from(await computers.readFile(sessionId, 'data/f')).toString();

describe('the editor and the ends of lines', () => {
  const crlf = 'a\r\nb\r\nc\r\n';

  it('finds a text of several lines, and keeps the ends of a file', async () => {
    await edit({ command: 'create', file_text: crlf });
    const changed = await edit({ command: 'str_replace', old_str: 'a\nb', new_str: 'a\nB\nB2' });
    expect(changed.isError).toBe(false);
    expect(await content()).toBe('a\r\nB\r\nB2\r\nc\r\n');
  });

  it.each<[string, string, Record<string, unknown>, string]>([
    [
      'a replacement with new lines',
      crlf,
      { command: 'str_replace', old_str: 'b', new_str: 'b\nb2' },
      'a\r\nb\r\nb2\r\nc\r\n',
    ],
    [
      'lines that are inserted',
      crlf,
      { command: 'insert', insert_line: 1, insert_text: 'x\ny\n' },
      'a\r\nx\r\ny\r\nb\r\nc\r\n',
    ],
    [
      'a text that has them itself',
      crlf,
      { command: 'str_replace', old_str: 'a\r\nb', new_str: 'z\r\n' },
      'z\r\n\r\nc\r\n',
    ],
    [
      'a file with both',
      'a\r\nb\nc\n',
      { command: 'str_replace', old_str: 'a\nb', new_str: 'a\nx\nb' },
      'a\r\nx\r\nb\nc\n',
    ],
    [
      'a file without',
      'a\nb\n',
      { command: 'str_replace', old_str: 'a\nb', new_str: 'a\nx\nb' },
      'a\nx\nb\n',
    ],
  ])('keeps %s right', async (_, file_text, change, expected) => {
    await edit({ command: 'create', file_text });
    expect((await edit(change)).isError).toBe(false);
    expect(await content()).toBe(expected);
  });

  it('shows which ends the lines have where it matters', async () => {
    await edit({ command: 'create', file_text: crlf });
    expect((await edit({ command: 'view' })).content).toContain('its lines end with CRLF');
    await edit({ command: 'create', file_text: 'a\r\nb\n' });
    expect((await edit({ command: 'view' })).content).toContain('1 of its lines end with CRLF, 1 with LF');
    await edit({ command: 'create', file_text: 'a\nb\n' });
    expect((await edit({ command: 'view' })).content).toBe('     1\ta\n     2\tb');
  });

  it('still says when a text of several lines occurs more than once', async () => {
    await edit({ command: 'create', file_text: 'a\r\nb\r\na\r\nb\r\n' });
    expect((await edit({ command: 'str_replace', old_str: 'a\nb', new_str: 'c' })).content).toContain(
      '2 times',
    );
  });
});

describe('the output of background jobs', () => {
  it('is marked, and is no part of what the next command printed', async () => {
    await bash('(until [ -e go ]; do sleep 0.01; done; seq 1 2000; touch said) & echo up');
    const waited = await bash('touch go; until [ -e said ]; do sleep 0.01; done; sleep 0.05; echo waited');
    expect(waited.isError).toBe(false);
    await bash(
      '(touch told; while :; do echo tick; sleep 0.01; done) & j=$!; while [ ! -e told ]; do :; done',
    );
    // Nothing tells when a job prints between two commands, so the spec asks until it did.
    const said = async () => JSON.stringify((await bash('echo next')).content);
    let next = await said();
    while (!next.includes('background')) next = await said();
    await bash('kill $j');
    const [own = '', marked = ''] = (JSON.parse(next) as string).split(
      '[background jobs printed meanwhile:\n',
    );
    expect(own.replaceAll('tick\n', '')).toBe('next\n');
    expect(marked).toContain('tick');
    expect(marked.length).toBeLessThan(1_100);
  });
});

describe('bash', () => {
  it('keeps its folder and variables between commands', async () => {
    expect(await bash('cd code; word=kept')).toMatchObject({ content: '(no output)', isError: false });
    expect((await bash('echo $word; basename $PWD')).content).toBe('kept\ncode\n');
    expect((await use('bash', { restart: true })).content).toContain('restarted');
    expect((await bash('echo "<$word>"; basename $PWD')).content).not.toContain('kept');
  });

  it('reports exit codes, which are no errors of the tool', async () => {
    expect(await bash('printf no; false')).toEqual({
      content: 'no\nexit code 1',
      isError: false,
      outcome: 'completed',
    });
    expect(await bash('false')).toMatchObject({ content: 'exit code 1' });
  });

  it.each([
    'bash: fork: retry: Resource temporarily unavailable',
    'bash: fork: Resource temporarily unavailable',
    'sh: 1: Cannot fork',
  ])('tells of the limit of processes after %j', async (message) => {
    expect(await bash(`echo '${message}' >&2`)).toMatchObject({
      content: expect.stringContaining('as many processes as it may have'),
    });
    expect(await bash(`echo '${message}' >&2; (exit 3)`)).toMatchObject({
      content: expect.stringMatching(/may have.*\nexit code 3$/s),
    });
  });

  it('says when the shell itself ended, and has a new one', async () => {
    expect(await bash('exit 7')).toMatchObject({
      isError: true,
      content: expect.stringContaining('exit code 7'),
    });
    expect((await bash('echo here')).content).toBe('here\n');
  });

  it('says first of all that the shell ended since the last command', async () => {
    await bash('cd code; { until [ -e ../go ]; do sleep 0.01; done; kill -9 $$; } & true');
    const ended = await computers.shell(sessionId);
    await computers.writeFile(sessionId, 'go', '');
    await eventually(() => Promise.resolve(!ended.alive));
    expect(await bash('echo here; (exit 3)')).toMatchObject({
      isError: false,
      content: expect.stringMatching(
        /^\[The shell ended before .*directory, variables and background jobs.*gone.\]\nhere\nexit code 3$/,
      ),
    });
    expect((await bash('echo here')).content).toBe('here\n');
  });

  it('stops what takes too long', async () => {
    expect(await bash('echo begun; sleep 600')).toMatchObject({
      isError: true,
      outcome: 'failed',
      content: expect.stringMatching(/^begun\nThe command did not end within 1 s/),
    });
    expect((await bash('echo here')).content).toBe('here\n');
  });

  it('keeps head and tail of long output', async () => {
    const { content: shown } = await bash('echo first; seq 1000 2000; echo last');
    expect(shown).toMatch(/^first\n[^]*characters left out[^]*last\n$/);
    expect(shown.length).toBeLessThan(200);
  });

  it('stops when it is told to', async () => {
    const stopping = new AbortController();
    const answer = use('bash', { command: 'sleep 600' }, stopping.signal);
    stopping.abort();
    expect(await answer).toMatchObject({ isError: true });
  });
});

describe('text editor', () => {
  it('creates files with their folders, and views them with line numbers', async () => {
    expect(await edit({ command: 'create', path: 'data/new/f', file_text: 'a\nb\nc\n' })).toMatchObject({
      isError: false,
    });
    const view = { command: 'view', path: 'data/new/f' };
    expect((await edit(view)).content).toBe('     1\ta\n     2\tb\n     3\tc');
    expect((await edit({ ...view, view_range: [2, -1] })).content).toBe('     2\tb\n     3\tc');
    expect(await edit({ ...view, view_range: [5, 9] })).toMatchObject({
      isError: true,
      content: 'The file has 3 lines; view_range [5, 9] is not within it.',
    });
    expect((await edit({ command: 'view', path: '/session/data' })).content).toBe('data/new/');
  });

  it('views no more than it may', async () => {
    await edit({ command: 'create', file_text: 'word\n'.repeat(50) });
    const { content: shown } = await edit({ command: 'view' });
    expect(shown).toMatch(/characters left out; use view_range/);
    expect(shown.length).toBeLessThan(200);
  });

  it('shows no more of what it changed, or of a folder, than it may', async () => {
    await edit({ command: 'create', file_text: `${'x'.repeat(500)}needle` });
    const changed = await edit({ command: 'str_replace', old_str: 'needle', new_str: 'thread' });
    const inserted = await edit({ command: 'insert', insert_line: 0, insert_text: 'y'.repeat(500) });
    await bash('cd data && touch long-name-{1..50}');
    const listed = await edit({ command: 'view', path: 'data' });
    for (const { content, isError } of [changed, inserted, listed]) {
      expect(isError).toBe(false);
      expect(content).toMatch(/characters left out/);
      expect(content.length).toBeLessThan(300);
    }
    expect(changed.content).toMatch(/thread$/);
  });

  it('replaces a text that occurs once', async () => {
    await edit({ command: 'create', file_text: 'one two\nthree $& two\n' });
    expect(await edit({ command: 'str_replace', old_str: 'three', new_str: '$&' })).toMatchObject({
      content: 'Changed data/f. It now reads there:\n     1\tone two\n     2\t$& $& two',
    });
    expect(await edit({ command: 'str_replace', old_str: 'two', new_str: '2' })).toMatchObject({
      isError: true,
      content: expect.stringContaining('occurs 2 times'),
    });
    expect(await edit({ command: 'str_replace', old_str: 'four', new_str: '4' })).toMatchObject({
      isError: true,
      content: expect.stringContaining('does not occur'),
    });
    expect(await edit({ command: 'str_replace', old_str: 'one ' })).toMatchObject({ isError: false });
    expect(await content()).toBe('two\n$& $& two\n');
  });

  it('inserts lines anywhere, with the line ends of the file', async () => {
    await edit({ command: 'create', file_text: '' });
    await edit({ command: 'insert', insert_line: 0, insert_text: 'b' });
    await edit({ command: 'insert', insert_line: 1, insert_text: 'c' });
    await edit({ command: 'insert', insert_line: 0, insert_text: 'a\n' });
    expect(await content()).toBe('a\nb\nc');
    expect(await edit({ command: 'insert', insert_line: 9, insert_text: 'd' })).toMatchObject({
      isError: true,
    });
    await edit({ command: 'create', file_text: 'a\r\nc\r\n' });
    await edit({ command: 'insert', insert_line: 1, insert_text: 'b' });
    expect(await content()).toBe('a\r\nb\r\nc\r\n');
  });

  it.each([
    ['pipe', 'mkfifo data/f'],
    [
      'socket',
      `"${process.execPath}" -e 'net.createServer().listen("data/f", () => process.kill(process.pid, "SIGKILL"))' || true`,
    ],
  ])('answers for a %s that it is none to view', async (kind, make) => {
    await bash(make);
    expect(await edit({ command: 'view' })).toEqual({
      content: expect.stringMatching(`^data/f is a ${kind}.*not a regular file`),
      isError: true,
      outcome: 'failed',
    });
  });

  it('answers for a file or folder without the right to read it what is wrong', async () => {
    await bash('echo hidden > g; mkdir h; chmod 000 g h');
    const readable = (await bash('cat g')).content === 'hidden\n';
    expect(await edit({ command: 'view', path: 'g' })).toMatchObject(
      readable
        ? { isError: false, content: '     1\thidden' }
        : { isError: true, content: 'Permission denied while reading g.' },
    );
    expect(await edit({ command: 'view', path: 'h' })).toMatchObject(
      readable
        ? { isError: false, content: 'h is an empty folder.' }
        : { isError: true, content: expect.stringContaining('Permission denied') },
    );
  });

  it.each([
    ['a file that is not there', { command: 'view', path: 'data/none' }, 'data/none'],
    ['a path outside', { command: 'create', path: '/etc/none', file_text: '' }, '/etc/none'],
    ['input without a path', { command: 'view', path: undefined }, 'path'],
    ['an unknown command', { command: 'undo_edit' }, 'command'],
  ])('answers %s with what is wrong', async (_name, input, said) => {
    expect(await edit(input)).toMatchObject({ isError: true, content: expect.stringContaining(said) });
  });

  it('does not touch files that are not text', async () => {
    await bash("printf '\\xff\\x00' > data/f");
    for (const input of [{ command: 'view' }, { command: 'str_replace', old_str: 'a' }]) {
      expect(await edit(input)).toMatchObject({
        isError: true,
        content: expect.stringContaining('not a UTF-8'),
      });
    }
  });
});
