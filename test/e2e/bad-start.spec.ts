import { createServer, type AddressInfo } from 'node:net';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openShell, type UserShell } from '../support/shell.js';

describe('a service that cannot start says why', () => {
  let folder: string;
  let shell: UserShell | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-bad-'));
  });
  afterEach(async () => {
    await shell?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function refusal(settings: Record<string, string>): Promise<string> {
    shell = await openShell({ ANTHROPIC_API_KEY: 'k', ...settings });
    const { exitCode, stdout, stderr } = await shell.run('raworc start');
    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    return stderr;
  }

  it('when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    expect(await refusal({ RAWORC_PORT: String(port) })).toContain(`Port ${port} is in use`);
    other.close();
  });

  it('when nats-server is too old', async () => {
    const old = join(folder, 'nats-server');
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.9.10"\n');
    await chmod(old, 0o755);
    expect(await refusal({ RAWORC_NATS_SERVER: old })).toMatch(/2\.9\.10.*2\.12/s);
  });

  it('when its home cannot be written', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    expect(await refusal({ RAWORC_HOME: join(file, 'home') })).toContain('RAWORC_HOME');
  });

  it('when a setting is wrong', async () => {
    expect(await refusal({ RAWORC_TIMEOUT_SECONDS: 'soon' })).toMatch(/RAWORC_TIMEOUT_SECONDS.*soon/s);
  });

  it('when the computers that were asked for cannot run', async () => {
    const settings = { RAWORC_COMPUTERS: 'docker', RAWORC_IMAGE: 'raworc/not-built:latest' };
    expect(await refusal(settings)).toMatch(/Docker|raworc\/not-built/);
  });

  it('and leaves a running service of the same home alone', async () => {
    shell = await openShell({ ANTHROPIC_API_KEY: 'k' });
    expect(await shell.run('raworc start')).toMatchObject({ exitCode: 0 });
    const second = await shell.run('raworc start --foreground');
    expect(second.exitCode).not.toBe(0);
    expect(second.stderr).toMatch(/already runs on/);
    expect(await shell.json('raworc api sessions')).toEqual([]);
  });
});

describe('the command line without a service', () => {
  it('says which server it cannot reach, and exits 2', async () => {
    const shell = await openShell({ RAWORC_SERVER: 'http://127.0.0.1:9', RAWORC_TOKEN: 't' });
    const { exitCode, stdout, stderr } = await shell.run('raworc api sessions');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('http://127.0.0.1:9');
    await shell.dispose();
  });

  it('refuses to create a session that Host has no key for', async () => {
    const shell = await openShell();
    const { exitCode, stderr } = await shell.run('raworc session', { stdin: '/quit\n' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('ANTHROPIC_API_KEY');
    await shell.dispose();
  });
});
