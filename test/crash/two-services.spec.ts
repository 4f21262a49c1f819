import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestNats, type TestNats } from '#runtime';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { serviceOf } from '../support/events.js';
import { eventually } from '../support/eventually.js';
import { openShell, type UserShell } from '../support/shell.js';

interface Event {
  type: string;
}

describe('two services on one NATS', () => {
  let nats: TestNats;
  let model: ScriptedModel;
  let maple: UserShell;
  let oak: UserShell;
  let paused: number | undefined;
  beforeEach(async () => {
    nats = await startTestNats();
    model = await startScriptedModel([{ replies: [[{ type: 'text', text: 'Here I am.' }]] }]);
    const settings = {
      RAWORC_NATS_URL: nats.url.replace('://', `://${nats.user}:${nats.pass}@`),
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'k',
    };
    [maple, oak] = [await openShell(settings), await openShell(settings)];
  });
  afterEach(async () => {
    if (paused !== undefined) process.kill(paused, 'SIGCONT');
    await maple.dispose();
    await oak.dispose();
    await model.stop();
    await nats.stop();
  });

  const nodeOf = async ({ home }: UserShell) => (await readFile(join(home, 'node'), 'utf8')).trim();
  const eventsOf = (shell: UserShell, id: string) =>
    shell.json<Event[]>(`raworc api sessions/${id}/events`).then((events) => events.map(({ type }) => type));
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('are one at a time, and the sessions of each are its own', async () => {
    const { id } = await maple.json<{ id: string }>(`raworc api 'sessions?wait=idle' -m post -b '{}'`);
    const node = await nodeOf(maple);
    // The secrets on one log are sealed under one master key.
    await mkdir(oak.home, { recursive: true, mode: 0o700 });
    await copyFile(join(maple.home, 'master.key'), join(oak.home, 'master.key'));

    // While the first one works, the second is refused, with who it is and since when.
    const refused = await oak.run('raworc start');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toMatch(new RegExp(`node ${node} \\(home ${maple.home} on .*since \\d{4}-`));

    // A first one that is not heard of is replaced. What was asked of its sessions is refused with their place.
    await maple.json(`raworc api sessions/${id} -m patch -b '{"timeout_seconds":5}'`);
    const { pid } = await serviceOf(maple);
    process.kill(pid, 'SIGSTOP');
    paused = pid;
    await oak.json('raworc start --json');
    const message = `raworc api 'sessions/${id}/messages?wait=reply' -m post -b '{"content":"Hello"}'`;
    expect((await oak.run(message)).stderr).toContain(`is on node ${node}/local`);
    const before = await eventsOf(oak, id);
    expect(before).toEqual(['session.created', 'computer.started', 'session.updated']);

    // When it wakes up, its timers ring at once; it does nothing, and ends with a sentence.
    process.kill(pid, 'SIGCONT');
    paused = undefined;
    await eventually(async () => !isAlive(pid));
    expect(await readFile(join(maple.home, 'logs/service.log'), 'utf8')).toMatch(
      /This service stopped, because node .* works on the sessions now/,
    );
    expect(await eventsOf(oak, id)).toEqual(before);
    const { id: own } = await oak.json<{ id: string }>(`raworc api 'sessions?wait=idle' -m post -b '{}'`);

    // At its own service the session is as it was left.
    await oak.run('raworc stop');
    await maple.json('raworc start --json');
    expect(JSON.stringify(await maple.json(message))).toContain('Here I am.');
    expect(await eventsOf(maple, own)).toEqual(['session.created', 'computer.started']);
  }, 120_000);
});
