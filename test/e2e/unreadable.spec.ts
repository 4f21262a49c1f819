import { jetstream } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startTestNats, type TestNats } from '#runtime';
import { Terminal } from '../../apps/cli/testing/run-cli.js';
import { openShell, type UserShell } from '../support/shell.js';

let nats: TestNats;
let shell: UserShell;
beforeEach(async () => {
  nats = await startTestNats();
  shell = await openShell({
    RAWORC_NATS_URL: nats.url.replace('://', `://${nats.user}:${nats.pass}@`),
    ANTHROPIC_API_KEY: 'never-used',
  });
});
afterEach(async () => {
  await shell.dispose();
  await nats.stop();
});

/** What `raworc start` says at a terminal. */
async function start(settings: Record<string, string> = {}): Promise<string> {
  await shell.run('raworc stop');
  const terminal = new Terminal(['start'], { env: { ...shell.env, ...settings } as Record<string, string> });
  expect(await terminal.ended).toBe(0);
  return terminal.text;
}

it('an event that cannot be read is told with its session and what to do, until it is passed over', async () => {
  const { id } = await shell.json<{ id: string }>(
    `raworc api 'sessions?wait=idle' -m post -b '{"name":"hurt"}'`,
  );
  await shell.json(`raworc api 'sessions?wait=idle' -m post -b '{"name":"sound"}'`);
  const post = (name: string) =>
    shell.run(`raworc api sessions/${name}/messages -m post -b '{"content":"x"}'`);
  const { seq } = await jetstream(await nats.connection()).publish(`raworc.sessions.${id}`, 'not JSON');
  const what = `session ${id}: the event at sequence ${seq} cannot be read`;
  const remedy = `RAWORC_SKIP_EVENTS=${seq}`;

  expect((await post('hurt')).stderr).toContain(`the event at sequence ${seq} cannot be read`);
  const status = await shell.run('raworc status');
  expect(status.stdout).toContain('Events that cannot be read: 1. What to do: raworc doctor\n');
  expect(status.stdout).toContain(
    `session hurt (${id}): This session can be read, but not changed: the event at sequence ${seq} cannot be read`,
  );
  expect(await shell.json('raworc status --json')).toMatchObject({
    unreadable_events: 1,
    unreadable_sessions: [{ id, name: 'hurt' }],
  });
  const doctor = await shell.run('raworc doctor');
  expect(doctor.exitCode).toBe(1);
  for (const said of [doctor.stdout, await start()]) {
    expect(said).toContain(what);
    expect(said).toContain('Upgrade Raworc');
    expect(said).toContain(remedy);
  }
  expect((await post('sound')).exitCode).toBe(0);

  expect(await start({ RAWORC_SKIP_EVENTS: String(seq) })).not.toContain('cannot be read');
  expect((await post('hurt')).exitCode).toBe(0);
  expect((await shell.run('raworc status')).stdout).not.toContain('cannot be read');
  const after = await shell.run(`RAWORC_SKIP_EVENTS=${seq} raworc doctor`);
  expect(after.stdout).not.toContain('cannot be read');
  expect(after.stdout).toMatch(new RegExp(`RAWORC_SKIP_EVENTS +${seq} `));
}, 120_000);
