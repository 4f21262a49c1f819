import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openShell, type UserShell } from '../support/shell.js';

describe('where the service is reached', () => {
  let shell: UserShell | undefined;
  afterEach(() => shell?.dispose());

  it('is another port when the default one is taken, and the command line needs none', async () => {
    const other = createServer().listen(9000, '127.0.0.1');
    // Where another program has the port already, this is just what the test needs.
    const listening = await once(other, 'listening').then(
      () => true,
      () => false,
    );
    shell = await openShell({ ANTHROPIC_API_KEY: 'k', RAWORC_PORT: '' });
    expect(await shell.json('raworc api sessions')).toEqual([]);
    const { url } = await shell.json<{ url: string }>('raworc start --json');
    expect(url).not.toContain(':9000');
    expect(await shell.run(`curl -s ${url}/healthz`)).toMatchObject({ stdout: '{"status":"ok"}' });
    if (listening) other.close();
  });

  it('is an address that a browser opens, also when it listens on all of them', async () => {
    const everywhere = { RAWORC_BIND: '0.0.0.0', RAWORC_PLAIN_HTTP: 'everywhere' };
    shell = await openShell({ ANTHROPIC_API_KEY: 'k', ...everywhere });
    const { url } = await shell.json<{ url: string }>('raworc start --json');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('is not open to other machines unless that is said', async () => {
    shell = await openShell({ ANTHROPIC_API_KEY: 'k', RAWORC_BIND: '0.0.0.0' });
    const { exitCode, stderr } = await shell.run('raworc start');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/RAWORC_BIND is 0\.0\.0\.0.*docs\/proxy\.md.*\(bind_exposed\)/);
  });

  it('is a socket of the home that only its owner can use', async () => {
    shell = await openShell({ ANTHROPIC_API_KEY: 'k' });
    await shell.run('raworc start');
    const socket = join(shell.home, 'api.sock');
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(shell.home)).mode & 0o777).toBe(0o700);
    const withoutToken = await shell.run(`curl -s --unix-socket ${socket} http://localhost/api/v0/sessions`);
    expect(JSON.parse(withoutToken.stdout)).toMatchObject({ code: 'unauthorized' });
    await shell.run('raworc stop');
    await expect(stat(socket)).rejects.toThrow('ENOENT');
  });
});
