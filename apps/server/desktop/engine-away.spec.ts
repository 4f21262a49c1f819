import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { selectComputers, type Computers } from '#computers';
import type { Problem, Session } from '#contracts';
import { describeWithDocker } from '../../../test/support/needs.js';
import { createDesktopSession } from '../testing/desktop-client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

describeWithDocker('while the engine is away', () => {
  const { DOCKER_HOST: usual } = process.env;
  const engine = usual?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
  let folder: string;
  let link: string;
  let computers: Computers;
  let app: TestApp;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-away-'));
    link = join(folder, 'engine');
    await symlink(engine, link);
    process.env['DOCKER_HOST'] = `unix://${link}`;
    computers = await selectComputers({ setting: 'docker', root: folder });
    app = await startTestApp({ computers });
  });
  afterEach(async () => {
    await app.stop();
    await computers.dispose();
    if (usual === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = usual;
    await rm(folder, { recursive: true, force: true });
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

    await rm(link);
    const away = expect.stringMatching(/^The Docker engine does not answer.*Start it/);
    expect(await codeOfPicture()).toEqual([503, 'computer_failed', away]);
    const created = await app.client.post('sessions', { desktop: true });
    expect([created.status, (created.json as Session).state]).toEqual([201, 'init']);
    expect((await app.client.post(`sessions/${other.id}/messages`, { content: 'Hello?' })).status).toBe(201);
    expect((await app.client.post(`sessions/${other.id}/close`)).status).toBe(200);
    expect((await app.client.post(`sessions/${other.id}/restore`)).status).toBe(200);

    await symlink(engine, link);
    expect(await codeOfPicture()).toEqual(none);
  });
});
