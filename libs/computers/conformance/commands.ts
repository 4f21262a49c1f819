import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { type Fixture, LIMITS, succeeded } from './fixture.js';

export function describeCommands(fixture: Fixture): void {
  const exec = async (argv: string[], options = {}) =>
    fixture.computers.exec(await fixture.running(), argv, { ...LIMITS, ...options });

  describe('exec', () => {
    it('passes arguments as they are', async () => {
      expect(await exec(['printf', '%s|', 'a b', '$x', "'", '', 'é\n'])).toMatchObject(
        succeeded("a b|$x|'||é\n|"),
      );
    });

    it('gives exit code and both outputs in order', async () => {
      const result = await exec(['sh', '-c', 'echo 1; echo 2 >&2; echo 3; exit 9']);
      expect(result).toMatchObject({ output: '1\n2\n3\n', exitCode: 9, outcome: 'exited' });
    });

    it('gives 128 and the signal for a killed command, 127 for a missing one', async () => {
      expect(await exec(['sh', '-c', 'kill -TERM $$'])).toMatchObject({ exitCode: 143, outcome: 'exited' });
      const missing = await exec(['no-such-program']);
      expect(missing).toMatchObject({ exitCode: 127, output: expect.stringContaining('no-such-program') });
    });

    it('takes directory, environment and input', async () => {
      const options = { cwd: 'data', env: { EXTRA: 'e' }, stdin: 'héllo' };
      const result = await exec(['bash', '-c', 'echo "${PWD#"$SESSION_DIR"}" $EXTRA; cat'], options);
      expect(result).toMatchObject(succeeded('/data e\nhéllo'));
    });

    it('does not mind a command that leaves its input unread', async () => {
      expect(await exec(['true'], { stdin: 'x'.repeat(1_000_000) })).toMatchObject({ exitCode: 0 });
    });

    it('refuses a directory outside and an empty command', async () => {
      await expect(exec(['pwd'], { cwd: '/etc' })).rejects.toMatchObject({ code: 'path_outside_computer' });
      await expect(exec([])).rejects.toMatchObject({ code: 'command_refused' });
    });

    it('is ended with its children at the time limit', async () => {
      const result = await exec(['bash', '-c', 'sleep 300 & echo started; sleep 300'], { timeoutMs: 200 });
      expect(result).toMatchObject({ outcome: 'timed_out', exitCode: null, output: 'started\n' });
      expect((await fixture.computers.stats(fixture.id('session-1'))).processes).toBe(0);
    });

    it('is ended by its signal', async () => {
      const cancel = new AbortController();
      const result = await exec(['bash', '-c', 'echo started; sleep 300'], {
        signal: cancel.signal,
        onOutput: () => cancel.abort(),
      });
      expect(result).toMatchObject({ outcome: 'cancelled', exitCode: null, output: 'started\n' });
    });

    it('bounds its output', async () => {
      const result = await exec(['seq', '1', '500000'], { maxOutputBytes: 100 });
      expect(result).toMatchObject({ truncated: true, exitCode: 0 });
      expect(result.output).toMatch(/^1\n2\n[^]*left out[^]*499999\n500000\n$/);
    });

    it('runs beside the shell', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      const waiting = bash.run('until [ -e go ]; do sleep 0.01; done; echo went', LIMITS);
      await fixture.computers.exec(id, ['touch', 'go'], LIMITS);
      expect(await waiting).toMatchObject(succeeded('went\n'));
      await eventually(async () => bash.alive);
    });
  });
}
