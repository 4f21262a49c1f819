import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { openShell, type UserShell } from '../../../test/support/shell.js';
import { compositionProblem, docker, exists, freePort, openToContainers } from '../testing/composition.js';
import { CONTAINERS } from './composition.js';

const BUILD_MS = 600_000;
const problem = await compositionProblem();

interface Seen {
  type: string;
}

if (problem === undefined) describe('the service in containers', suite);
else {
  process.stderr.write(`not run: the service in containers, because ${problem}\n`);
  it('the service in containers may be left out', () =>
    expect(process.env['RAWORC_REQUIRE_DOCKER']).toBeFalsy());
}

/** One composition for all: each part goes on where the one before has left off. */
function suite(): void {
  let model: ScriptedModel;
  let open: Awaited<ReturnType<typeof openToContainers>>;
  let shell: UserShell;
  let id: string;
  const foreign = `foreign-${randomUUID()}`;

  const eventsOf = () => shell.json<Seen[]>(`raworc api sessions/${id}/events`);
  const until = async (type: string, times = 1): Promise<Seen[]> => {
    for (;;) {
      const events = await eventsOf();
      if (events.filter((event) => event.type === type).length >= times) return events;
    }
  };

  beforeAll(async () => {
    model = await startScriptedModel([
      {
        lastUserText: /where/,
        replies: [
          [{ type: 'tool_use', name: 'bash', input: { command: 'pwd > code/place && cat code/place' } }],
          [{ type: 'text', text: 'It is noted.' }],
        ],
      },
      {
        lastUserText: /for ever/,
        replies: [
          [{ type: 'tool_use', name: 'bash', input: { command: 'tail -f /dev/null' } }],
          [{ type: 'text', text: 'Somebody has restarted me.' }],
        ],
      },
    ]);
    open = await openToContainers(model.url);
    shell = await openShell({
      RAWORC_COMPUTERS: 'docker',
      RAWORC_PORT: String(await freePort()),
      ANTHROPIC_BASE_URL: open.url,
      ANTHROPIC_API_KEY: `key-${randomUUID()}`,
    });
    // A person's way to the home may be another one than the system's.
    await mkdir(shell.home, { mode: 0o700 });
    await symlink(shell.home, `${shell.home}-link`);
    shell.env['RAWORC_HOME'] = `${shell.home}-link`;
    const { exitCode, stderr } = await shell.run('raworc start --docker', { timeoutMs: BUILD_MS });
    if (exitCode !== 0) throw new Error(stderr);
  }, BUILD_MS);

  afterAll(async () => {
    await shell.run('raworc reset --yes');
    await docker('rm', '--force', foreign, `${foreign}-other`).catch(() => undefined);
    await docker('volume', 'rm', foreign).catch(() => undefined);
    await shell.dispose();
    await open.close();
    await model.stop();
  }, 120_000);

  it('answers the command line like any local service', async () => {
    const { exitCode, stdout } = await shell.run('raworc session --name boxed', {
      stdin: 'where are you?\n',
    });
    expect(stdout).toContain('It is noted.');
    expect(exitCode).toBe(0);
    ({ id } = await shell.json<{ id: string }>('raworc api sessions/boxed'));
    expect(await docker('exec', `raworc_session_${id}`, 'cat', '/session/code/place')).toBe('/session');
    expect((await shell.run('raworc start')).stdout).toMatch(/runs already at .* \(in containers/);
    expect(await shell.json('raworc status --json')).toMatchObject({ running: true, pid: null });
  }, 120_000);

  it('tells people what the operator does', async () => {
    const log = await docker('logs', 'raworc_operator', '--tail', '50');
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}ready .*role="operator"$/m);
    expect((await shell.run('raworc logs')).stdout).toContain('role="server"');
  });

  it('keeps passwords and keys out of the configuration of containers', async () => {
    const all = await docker('inspect', ...CONTAINERS);
    expect(all).not.toContain(shell.env['ANTHROPIC_API_KEY']);
    expect(all).not.toMatch(/"pass|password|nats:\/\/[^"]*@/i);
    for (const file of ['containers.env', 'containers.settings.json', 'nats/container.conf', 'token']) {
      expect((await stat(join(shell.home, file))).mode & 0o077).toBe(0);
    }
  });

  it('cannot be reached from inside a session', async () => {
    for (const [container, port] of [
      ['raworc_nats', 4222],
      ['raworc_server', 9000],
    ] as const) {
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      const address = await docker('inspect', '--format', format, container);
      const knock = `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port}' 2>/dev/null && echo open || echo shut`;
      expect(await docker('exec', `raworc_session_${id}`, 'bash', '-c', knock)).toBe('shut');
    }
  }, 120_000);

  it('goes on with a turn when the operator is restarted in the middle', async () => {
    const send = `raworc api sessions/${id}/messages -m post -b '{"content":"wait for ever"}'`;
    await shell.json(send);
    await until('tool.started', 2);
    await docker('restart', '--time', '15', 'raworc_operator');
    const events = await until('turn.completed', 2);
    expect(events.map(({ type }) => type)).not.toContain('turn.failed');
    const messages = await shell.json<object[]>(`raworc api "sessions/${id}/messages?limit=1"`);
    expect(JSON.stringify(messages)).toContain('Somebody has restarted me.');
  }, 120_000);

  it('stops without a trace of itself, and its sessions are there without containers of its own', async () => {
    expect((await shell.run('raworc stop')).stdout).toBe('Raworc has stopped.\n');
    for (const container of CONTAINERS) expect(await exists('container', container)).toBe(false);
    expect(await exists('network', 'raworc_network')).toBe(false);
    const sessions = await shell.json<{ id: string }[]>('raworc api sessions');
    expect(sessions.map((session) => session.id)).toEqual([id]);
    expect(await shell.json('raworc status --json')).toMatchObject({
      running: true,
      pid: expect.any(Number),
    });
  }, 120_000);

  it('removes containers of this home and keeps everything else when cleaned', async () => {
    await docker('volume', 'create', foreign);
    await docker('create', '--name', foreign, '--volume', `${foreign}:/x`, 'raworc/session:latest');
    const labels = ['--label', 'raworc.managed=true', '--label', 'raworc.home=/another/home'];
    await docker('create', '--name', `${foreign}-other`, ...labels, 'raworc/session:latest');

    expect((await shell.run('raworc clean')).exitCode).toBe(2);
    expect(await shell.json('raworc clean --yes --json')).toEqual({ removed: [`raworc_session_${id}`] });
    expect(await exists('container', `raworc_session_${id}`)).toBe(false);
    expect(await exists('volume', `raworc_session_data_${id}`)).toBe(true);
    expect(await exists('container', foreign)).toBe(true);
  }, 120_000);

  it('forgets this home and nothing else when reset', async () => {
    await shell.json(`raworc api sessions/${id}/restore -m post`);
    await until('computer.started', 2);
    await writeFile(join(shell.home, 'config.json'), '{}');
    expect((await shell.run('raworc reset')).exitCode).toBe(2);
    expect((await shell.run('raworc reset --yes')).exitCode).toBe(0);
    expect(await exists('container', `raworc_session_${id}`)).toBe(false);
    expect(await exists('volume', `raworc_session_data_${id}`)).toBe(false);
    expect(existsSync(join(shell.home, 'nats'))).toBe(false);
    expect(existsSync(join(shell.home, 'config.json'))).toBe(true);
    expect(await exists('container', foreign)).toBe(true);
    expect(await exists('container', `${foreign}-other`)).toBe(true);
    expect(await exists('volume', foreign)).toBe(true);
  }, 120_000);
}
