import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { selectComputers, type Computers } from '#computers';
import type { Problem, Session } from '#contracts';
import { cuttableEngine, type CuttableEngine } from '../../../test/support/cuttable-engine.js';
import { describeWithDocker } from '../../../test/support/needs.js';
import { createDesktopSession } from '../testing/desktop-client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

describeWithDocker('while the engine is away', () => {
  const { DOCKER_HOST: usual } = process.env;
  let engine: CuttableEngine;
  let computers: Computers;
  let app: TestApp;
  beforeEach(async () => {
    engine = await cuttableEngine(usual?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock');
    process.env['DOCKER_HOST'] = `unix://${engine.path}`;
    computers = await selectComputers({ setting: 'docker', root: randomUUID() });
    app = await startTestApp({ computers });
  });
  afterEach(async () => {
    await app.stop();
    await computers.dispose();
    if (usual === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = usual;
    await engine.remove();
  });

  it('what takes a computer says so, all else works, and nobody has to do anything when it is back', async () => {
    const { id } = await createDesktopSession(app);
    const other = await createDesktopSession(app);
    const codeOfPicture = async () => {
      const { status, json } = await app.client.get(`sessions/${id}/screenshot`);
      return [status, (json as Problem).code, (json as Problem).detail];
    };
    const none = [409, 'computer_not_running', expect.any(String)];
    expect(await codeOfPicture()).toEqual(none);

    await engine.cut();
    const away = expect.stringMatching(/^The Docker engine does not answer.*Start it/);
    expect(await codeOfPicture()).toEqual([503, 'computer_failed', away]);
    const created = await app.client.post('sessions', { desktop: true });
    expect([created.status, (created.json as Session).state]).toEqual([201, 'init']);
    expect((await app.client.post(`sessions/${other.id}/messages`, { content: 'Hello?' })).status).toBe(201);
    expect((await app.client.post(`sessions/${other.id}/close`)).status).toBe(200);
    expect((await app.client.post(`sessions/${other.id}/restore`)).status).toBe(200);

    await engine.mend();
    expect(await codeOfPicture()).toEqual(none);
  });
});
