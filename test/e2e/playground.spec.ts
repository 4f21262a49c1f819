import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startScriptedModel, type ScriptedModel, type ScriptRule } from '#stand-in';
import { itWith } from '../support/needs.js';
import { openShell, type UserShell } from '../support/shell.js';

/** What the page's lines are about, in the model's words. */
const SCRIPT: ScriptRule[] = [{ replies: [[{ type: 'text', text: 'Done.' }]] }];

interface Listed {
  id: string;
  name: string;
  state: string;
  created_at: number;
  parent_session_id: string | null;
}

/** The session playground page, line by line; `{session-id}` and the like are replaced by a real id and nothing else. */
describe('the session playground page', () => {
  let model: ScriptedModel;
  let shell: UserShell;
  beforeAll(async () => {
    model = await startScriptedModel(SCRIPT);
    shell = await openShell({ ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'sk-ant-your-actual-key' });
  });
  afterAll(async () => {
    await shell.dispose();
    await model.stop();
  });

  const show = (id: string) => shell.json<Listed>(`raworc api sessions/${id}`);

  /** Opens a session as the page does, types lines, leaves; the id is read from `/status`. */
  async function talk(command: string, ...lines: string[]): Promise<{ id: string; output: string }> {
    const result = await shell.run(command, { stdin: [...lines, '/status', '/quit', ''].join('\n') });
    expect(result).toMatchObject({ exitCode: 0 });
    const id = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(
      result.stdout + result.stderr,
    )?.[0];
    if (id === undefined) throw new Error(`no session id in:\n${result.stdout}\n${result.stderr}`);
    return { id, output: result.stdout };
  }

  it('starts an interactive session, and leaving it does not close it', async () => {
    const { id, output } = await talk('raworc session', 'Analyze the sales data in /data/sales_2024.csv');
    expect(output).toContain('Done.');
    expect((await show(id)).state).toBe('idle');
  });

  it('closes, restores and goes on', async () => {
    const { id } = await talk('raworc session', 'Analyze the sales data in /data/sales_2024.csv');
    expect(await shell.json<Listed>(`raworc api sessions/${id}/close -m post`)).toMatchObject({
      state: 'closed',
    });
    expect(await shell.json<Listed>(`raworc api sessions/${id}/close -m post`)).toMatchObject({
      state: 'closed',
    });
    await shell.json(`raworc api sessions/${id}/restore -m post`);
    const { output } = await talk(
      `raworc session restore ${id}`,
      'Continue with the regional breakdown analysis',
    );
    expect(output).toContain('Done.');
    expect((await show(id)).state).toBe('idle');
  });

  it('restarts a session by closing and restoring it at once', async () => {
    const { id } = await talk('raworc session', 'Hello');
    await shell.run(`raworc api sessions/${id}/close -m post\nraworc api sessions/${id}/restore -m post`);
    await talk(`raworc session restore ${id}`, 'Still there?');
    expect((await show(id)).state).toBe('idle');
  });

  it('remixes by id and by name, more than once, trailing blanks and all', async () => {
    const { id } = await talk('raworc session -n template-789', 'Set up a Python project with pytest');
    const first = await talk('raworc session remix template-789 ', 'Add FastAPI with PostgreSQL setup');
    const second = await talk(`raworc session remix ${id}`, 'Add Django with MySQL setup  ');
    expect(first.id).not.toBe(second.id);
    for (const remix of [first, second]) expect((await show(remix.id)).parent_session_id).toBe(id);
  });

  it('lists and filters', async () => {
    const all = await shell.json<Listed[]>('raworc api sessions');
    expect(all.length).toBeGreaterThan(3);
    expect([...all].sort((a, b) => b.created_at - a.created_at)).toEqual(all);
    const idle = await shell.json<Listed[]>('raworc api "sessions?state=idle"');
    expect(new Set(idle.map(({ state }) => state))).toEqual(new Set(['idle']));
  });

  it('shows the one line that has the state', async () => {
    const { id } = await talk('raworc session');
    const { stdout } = await shell.run(`raworc api sessions/${id} | grep state`);
    expect(stdout).toMatch(/^ {2}"state": "(init|idle)",\n$/);
  });

  itWith('watch')('works inside watch', async () => {
    const { id } = await talk('raworc session');
    const { stdout } = await shell.run(
      // It writes what it shows when it ends; a busy machine needs longer for a first picture.
      `for seconds in 5 10 20 40; do
         TERM=xterm timeout $seconds watch -n 2 'raworc api sessions/${id} | grep state' < /dev/null |
           grep -m 1 -o '"state"' && break
       done`,
      { timeoutMs: 90_000 },
    );
    expect(stdout).toBe('"state"\n');
  });

  it('sends messages, in order and answered one after the other', async () => {
    const { id } = await talk('raworc session');
    await shell.json(`raworc api sessions/${id}/messages -m post -b '{"content":"Generate unit tests"}'`);
    await shell.json(`raworc api sessions/${id}/messages -m post -b '{"content":"And run them"}'`);
    await shell.json(
      `raworc api 'sessions/${id}/messages?wait=reply' -m post -b '{"content":"And fix them"}'`,
    );
    const messages = await shell.json<{ role: string; content: string }[]>(
      `raworc api sessions/${id}/messages`,
    );
    expect(messages.map(({ role }) => role).filter((role) => role === 'host')).toHaveLength(3);
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
      'Generate unit tests',
      'And run them',
      'And fix them',
    ]);
  });

  it('reads the last ten messages, counts and clears', async () => {
    const { id } = await talk('raworc session');
    for (let n = 1; n <= 7; n++) {
      await shell.json(
        `raworc api 'sessions/${id}/messages?wait=reply' -m post -b '{"content":"message ${n}"}'`,
      );
    }
    const last = await shell.json<{ role: string; content: string }[]>(
      `raworc api "sessions/${id}/messages?limit=10"`,
    );
    expect(last).toHaveLength(10);
    expect(last.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual(
      [3, 4, 5, 6, 7].map((n) => `message ${n}`),
    );
    expect(await shell.json(`raworc api sessions/${id}/messages/count`)).toEqual({
      count: 14,
      session_id: id,
    });
    expect(await shell.json(`raworc api sessions/${id}/messages -m delete`)).toEqual({
      deleted: 14,
      session_id: id,
    });
    expect(await shell.json(`raworc api sessions/${id}/messages/count`)).toMatchObject({ count: 0 });
  });

  it('recovers by force', async () => {
    const { id } = await talk('raworc session');
    await shell.json(`raworc api sessions/${id}/close -m post`);
    await shell.json(`raworc api sessions/${id}/state -m put -b '{"state":"idle"}'`);
    expect((await show(id)).state).toBe('idle');
  });

  itWith('jq')('closes all idle sessions', async () => {
    await talk('raworc session', 'One more to close');
    await shell.run(
      `for id in $(raworc api "sessions?state=idle" | jq -r '.[].id'); do\n  raworc api sessions/$id/close -m post\ndone`,
    );
    expect(await shell.json('raworc api "sessions?state=idle"')).toEqual([]);
    const states = (await shell.json<Listed[]>('raworc api sessions')).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['closed']));
  });

  itWith('jq')('deletes exactly what is older than the filter says, with ids on standard input', async () => {
    const all = await shell.json<Listed[]>('raworc api sessions');
    const cut = all[Math.floor(all.length / 2)];
    if (cut === undefined) throw new Error('no sessions');
    const old = all.filter(({ created_at }) => created_at < cut.created_at);
    // The page's line with another age: no session of this test is seven days old, which the first run shows.
    const line = (cutoff: string) =>
      `raworc api sessions | jq -r '.[] | select(.created_at < ${cutoff}) | .id' | \\\nwhile read id; do\n  raworc api sessions/$id -m delete\ndone`;
    await shell.run(line('(now - 604800)'));
    expect(await shell.json<Listed[]>('raworc api sessions')).toHaveLength(all.length);
    await shell.run(line(String(cut.created_at)));
    const left = await shell.json<Listed[]>('raworc api sessions');
    expect(left.map(({ id }) => id)).toEqual(all.filter((one) => !old.includes(one)).map(({ id }) => id));
    expect(old.length).toBeGreaterThan(1);
  });
});
