import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { startTestNats, type TestNats } from '#runtime';
import { startService, type RunningService } from './start-service.js';

describe('a service in two processes', () => {
  let nats: TestNats;
  let model: ScriptedModel;
  let folder: string;
  let running: RunningService[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-roles-'));
    nats = await startTestNats();
    model = await startScriptedModel([{ replies: [[{ type: 'text', text: 'Here I am.' }]] }]);
    running = [];
  });

  afterEach(async () => {
    for (const service of running.toReversed()) await service.stop();
    await model.stop();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (role: string, settings: NodeJS.ProcessEnv = {}) => {
    const env = {
      RAWORC_HOME: join(folder, 'home'),
      RAWORC_NATS_URL: natsUrl(nats),
      RAWORC_PORT: '0',
      RAWORC_COMPUTERS: 'local-unsafe',
      RAWORC_LOG_LEVEL: 'silent',
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'scripted-model',
      ...settings,
    };
    const service = await startService(env, [`--role=${role}`]);
    running.push(service);
    return service;
  };

  const call = async (url: string, path: string, body?: object) => {
    const token = (await readFile(join(folder, 'home/token'), 'utf8')).trim();
    const response = await fetch(`${url}/api/v0/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  };

  it('answers a message by server and operator together, on one home', async () => {
    const server = await start('server');
    const operator = await start('operator');
    const { id } = await call(server.url, 'sessions', {});
    const reply = await call(server.url, `sessions/${String(id)}/messages?wait=reply`, { content: 'Hello?' });
    expect(JSON.stringify(reply)).toContain('Here I am.');
    expect((await fetch(`${operator.url}/healthz`)).status).toBe(200);
  });

  it('lets each role in once', async () => {
    await start('operator');
    await expect(start('operator')).rejects.toMatchObject({ code: 'home_in_use' });
    await start('server');
  });

  it('has an operator that is not well while the log does not answer', async () => {
    const operator = await start('operator');
    await nats.kill9();
    expect((await fetch(`${operator.url}/healthz`)).status).toBe(503);
    await nats.restart();
    let status = 503;
    while (status !== 200) ({ status } = await fetch(`${operator.url}/healthz`));
  });

  it('refuses a role that there is not', async () => {
    await expect(start('janitor')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'RAWORC_ROLE is "janitor". Allowed: all, server, operator.',
    });
  });
});

function natsUrl({ url, user, pass }: TestNats): string {
  return url.replace('://', `://${user}:${pass}@`);
}
