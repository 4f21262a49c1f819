import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { describeWithDocker } from '../../test/support/needs.js';
import { startService, type RunningService } from './start-service.js';
import { exists } from './testing/composition.js';

describeWithDocker('a service whose engine is away', () => {
  const { DOCKER_HOST: engine } = process.env;
  let home: string;
  let service: RunningService | undefined;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'raworc-engine-away-'));
  });

  afterEach(async () => {
    if (engine === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = engine;
    await service?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const start = async (computers: string) => {
    const env = {
      ...process.env,
      RAWORC_HOME: home,
      RAWORC_PORT: '0',
      RAWORC_COMPUTERS: computers,
      RAWORC_DESKTOP: 'off',
      RAWORC_LOG_LEVEL: 'silent',
      ANTHROPIC_API_KEY: 'never-used',
    };
    service = undefined;
    service = await startService(env, []);
    return service;
  };

  const call = async (method: string, path: string, body?: object) => {
    const token = (await readFile(join(home, 'token'), 'utf8')).trim();
    const response = await fetch(`${service?.url}/api/v0/sessions${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return (await response.json().catch(() => ({}))) as { id: string; state: string };
  };

  it('does not start without the containers that its sessions are in, and loses none of them', async () => {
    const first = await start('auto');
    const { id } = await call('POST', '?wait=idle', {});
    await first.stop();
    process.env['DOCKER_HOST'] = `unix://${home}/no.sock`;
    await expect(start('auto')).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('are in containers'),
    });
    if (engine === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = engine;
    await start('auto');
    expect((await call('GET', `/${id}`)).state).toBe('idle');
    await call('DELETE', `/${id}`);
    await eventually(async () => !(await exists('volume', `raworc_session_data_${id}`)));
  });
});
