import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openShell, type UserShell } from '../../../test/support/shell.js';

/** Whatever engine this machine has, these commands find none. */
const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

let shell: UserShell;

beforeEach(async () => {
  shell = await openShell({ ...NO_ENGINE, ANTHROPIC_API_KEY: 'never-used' });
});

afterEach(() => shell.dispose());

describe('commands about containers, without an engine', () => {
  it.each(['raworc images list', 'raworc images build', 'raworc clean --yes'])(
    '%s says what is wrong and what to do',
    async (line) => {
      const { exitCode, stdout, stderr } = await shell.run(line);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(
        /^Error: The Docker engine does not answer .*Start it.*\(driver_unavailable\)\n$/,
      );
    },
  );

  it('fails as JSON with --json', async () => {
    const { exitCode, stdout } = await shell.run('raworc images list --json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'driver_unavailable' } });
  });

  it('goes on quietly when images are wanted only if possible', async () => {
    const result = await shell.run('raworc images build session --if-possible');
    expect(result).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('knows its images', async () => {
    const { exitCode, stderr } = await shell.run('raworc images build mirror');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('session-desktop');
  });

  it('tells in doctor that there is no engine, which is no fault', async () => {
    const { checks } = await shell.json<{ checks: object[] }>('raworc doctor --json');
    expect(checks).toContainEqual({
      check: 'engine',
      ok: true,
      absent: true,
      detail: expect.stringContaining('does not answer'),
    });
  });

  it('resets a home all the same, and leaves what is not its own', async () => {
    await shell.json('raworc api sessions -m post');
    await mkdir(join(shell.home, 'photos'));
    await writeFile(join(shell.home, 'config.json'), '{"log_level":"debug"}');
    const { exitCode, stdout, stderr } = await shell.run('raworc reset --yes');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `Removed the data in ${shell.home}.\n` });
    expect(stderr).toMatch(
      /^Containers and volumes .* not looked at.*does not answer.*raworc reset again.*\n$/,
    );
    expect((await readdir(shell.home)).sort()).toEqual(['config.json', 'photos']);
    expect(await shell.json('raworc api sessions')).toEqual([]);
  });

  it('says as JSON why a reset has not looked at containers', async () => {
    await mkdir(shell.home);
    const { removed } = await shell.json<{ removed: object }>('raworc reset --yes --json');
    expect(removed).toMatchObject({
      volumes: [],
      engine_problem: expect.stringContaining('does not answer'),
    });
  });

  it('refuses to run in containers what would not be reached', async () => {
    const { stderr } = await shell.run('raworc start --docker --port 0');
    expect(stderr).toContain('needs a port of its own');
    const loopback = 'ANTHROPIC_BASE_URL=http://127.0.0.1:1 raworc start --docker --port 9100';
    expect((await shell.run(loopback)).stderr).toContain('containers cannot reach');
  });
});
