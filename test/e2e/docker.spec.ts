import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startScriptedModel, type ScriptBlock, type ScriptedModel } from '#stand-in';
import { describeWithDocker } from '../support/needs.js';
import { openShell, type UserShell } from '../support/shell.js';

const bash = (command: string): ScriptBlock => ({ type: 'tool_use', name: 'bash', input: { command } });
const text = (said: string): ScriptBlock => ({ type: 'text', text: said });

const SCRIPT = [
  { lastUserText: /config/, replies: [[bash('echo db: postgres > code/config.yaml')], [text('Written.')]] },
  { lastUserText: /again/, replies: [[bash('cat /session/code/config.yaml')], [text('Still there.')]] },
];

interface Shown {
  id: string;
  state: string;
  container_id: string;
}

/** The page's lines about containers, as a user types them; `{id}` is replaced by a real id and nothing else. */
describeWithDocker('the page, with sessions in containers', () => {
  let model: ScriptedModel;
  let shell: UserShell;
  let id: string;
  beforeAll(async () => {
    model = await startScriptedModel(SCRIPT);
    shell = await openShell({
      RAWORC_COMPUTERS: 'docker',
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'sk-ant-your-actual-key',
    });
    ({ id } = await shell.json<Shown>(`raworc api 'sessions?wait=idle' -m post -b '{"name":"page"}'`));
    await say('Create a file called config.yaml with database settings');
  }, 120_000);
  afterAll(async () => {
    await shell.run(`raworc api sessions/page -m delete; raworc api sessions/copy -m delete`);
    await until(`! docker ps -a | grep raworc_session_${id}`);
    await shell.dispose();
    await model.stop();
  }, 120_000);

  const say = (content: string) =>
    shell.json<unknown>(
      `raworc api 'sessions/${id}/messages?wait=reply' -m post -b '${JSON.stringify({ content })}'`,
    );

  /** Asks again and again until a line succeeds. */
  const until = async (line: string) =>
    expect(await shell.run(`timeout 30 bash -c 'until ${line}; do sleep 0.1; done' 2>&1`)).toMatchObject({
      exitCode: 0,
    });

  it('lists session containers', async () => {
    const { stdout } = await shell.run('docker ps -a --filter "name=raworc_session_"');
    expect(stdout).toContain(`raworc_session_${id}`);
    expect((await shell.run(`docker ps -a | grep raworc_session_${id}`)).stdout).toContain('Up');
    expect(await shell.json<Shown>(`raworc api sessions/${id}`)).toMatchObject({
      container_id: `raworc_session_${id}`,
    });
  });

  it('gives access to the session filesystem', async () => {
    const { stdout } = await shell.run(`docker exec raworc_session_${id} ls -la /session/code/`);
    expect(stdout).toContain('config.yaml');
  });

  it("shows Host's logs", async () => {
    const { stdout } = await shell.run(`docker exec raworc_session_${id} ls /session/logs/`);
    expect(stdout).toMatch(/host_\d{8}_\d{6}_\d{3}\.log/);
    const log = await shell.run(`docker exec raworc_session_${id} cat /session/logs/host_*.log`);
    expect(log).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('bash completed') });
  });

  it("puts Host's log on the container's output", async () => {
    await until(`docker logs raworc_session_${id} --tail 100 | grep "bash completed"`);
  });

  it('keeps everything over close and restore, in a stopped container that costs nothing', async () => {
    await shell.json(`raworc api sessions/${id}/close -m post`);
    await until(`docker ps -a | grep raworc_session_${id} | grep Exited`);
    const used = `docker stats --no-stream --format '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' raworc_session_${id}`;
    expect((await shell.run(used)).stdout).toBe('0.00% 0B / 0B 0\n');
    await shell.json(`raworc api sessions/${id}/restore?wait=idle -m post`);
    await say('Show it again');
    const events = await shell.json<{ type: string; data: { content?: string } }[]>(
      `raworc api sessions/${id}/events`,
    );
    expect(events.findLast(({ type }) => type === 'tool.completed')?.data.content).toBe('db: postgres\n');
  });

  it('remixes into a container of its own', async () => {
    const copy = await shell.json<Shown>(
      `raworc api 'sessions/${id}/remix?wait=idle' -m post -b '{"name":"copy"}'`,
    );
    const { stdout } = await shell.run(`docker exec raworc_session_${copy.id} cat /session/code/config.yaml`);
    expect(stdout).toBe('db: postgres\n');
  });
});
