import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { type Fixture, LIMITS, succeeded } from './fixture.js';

/** Generous: what must not happen is waiting for the command. */
const SOON_MS = 5_000;

export function describeInterruption(fixture: Fixture): void {
  const shell = async () => fixture.computers.shell(await fixture.running());

  describe('time limits, cancellation and endless output', () => {
    it.each([
      ['a sleeping command', 'echo before; sleep 300; echo after'],
      ['a pipeline', 'echo before; sleep 300 | cat; echo after'],
      ['a busy loop', 'echo before; while :; do :; done; echo after'],
      ['a loop of commands', 'echo before; while :; do sleep 0.01; done; echo after'],
      ['a substitution', 'echo before; y=$(sleep 300); echo after'],
      ['a deaf command', `echo before; bash -c 'trap "" TERM INT; sleep 300; sleep 300'; echo after`],
    ])('ends %s at its time limit, and the shell survives', async (_what, command) => {
      const bash = await shell();
      await bash.run('x=kept', LIMITS);
      const result = await bash.run(command, { ...LIMITS, timeoutMs: 150 });
      expect(result).toMatchObject({ outcome: 'timed_out', exitCode: null, output: 'before\n' });
      expect(result.tookMs).toBeLessThan(SOON_MS);
      expect(result.shellEnded).toBeUndefined();
      expect(await bash.run('echo $x', LIMITS)).toMatchObject(succeeded('kept\n'));
    });

    it('replaces a shell that will not let go, and says so', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      const stubborn = "trap '' $(seq 1 64) 2>/dev/null; while :; do :; done";
      const result = await bash.run(stubborn, { ...LIMITS, timeoutMs: 100 });
      expect(result).toMatchObject({ outcome: 'timed_out', exitCode: null, shellEnded: true });
      expect(await fixture.bash(id, 'echo new')).toBe('new\n');
    });

    it('spares background jobs that were there before', async () => {
      const bash = await shell();
      await bash.run('sleep 300 & job=$!', LIMITS);
      const result = await bash.run('sleep 301 & other=$!; sleep 302', { ...LIMITS, timeoutMs: 150 });
      expect(result.outcome).toBe('timed_out');
      expect(await bash.run('kill -0 $job', LIMITS)).toMatchObject({ exitCode: 0 });
      expect(await bash.run('kill -0 $other', LIMITS)).toMatchObject({ exitCode: 1 });
    });

    it('is cancelled by its signal, with all that it started', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      const cancel = new AbortController();
      const onOutput = (): void => cancel.abort();
      const result = await bash.run('sleep 300 & job=$!; echo started; sleep 300', {
        ...LIMITS,
        signal: cancel.signal,
        onOutput,
      });
      expect(result).toMatchObject({ outcome: 'cancelled', exitCode: null, output: 'started\n' });
      expect(result.tookMs).toBeLessThan(SOON_MS);
      expect(await bash.run('kill -0 $job', LIMITS)).toMatchObject({ exitCode: 1 });
    });

    it('does not begin what was cancelled before', async () => {
      const id = await fixture.running();
      const options = { ...LIMITS, signal: AbortSignal.abort() };
      expect(await (await fixture.computers.shell(id)).run('touch began', options)).toMatchObject({
        outcome: 'cancelled',
      });
      expect(await fixture.computers.exec(id, ['touch', 'began'], options)).toMatchObject({
        outcome: 'cancelled',
      });
      expect(await fixture.computers.listFiles(id, '.')).not.toContainEqual(
        expect.objectContaining({ path: 'began' }),
      );
    });

    it('can be cancelled at any moment', async () => {
      const bash = await shell();
      for (let ms = 0; ms < 12; ms++) {
        const result = await bash.run(`echo ${'x'.repeat(5000)} > /dev/null\nsleep 300`, {
          ...LIMITS,
          timeoutMs: ms,
        });
        expect(result).toMatchObject({ outcome: 'timed_out', output: '' });
      }
      expect(await bash.run('echo alive', LIMITS)).toMatchObject(succeeded('alive\n'));
    });

    it('drains a command that prints for ever', async () => {
      const bash = await shell();
      let streamed = 0;
      const onOutput = (chunk: string): void => void (streamed += chunk.length);
      const result = await bash.run('yes', { timeoutMs: 500, maxOutputBytes: 1_000, onOutput });
      expect(result).toMatchObject({ outcome: 'timed_out', truncated: true });
      expect(result.output).toMatch(/^(y\n){250}\n\[\.\.\. \d+ bytes of output left out \.\.\.\]\n(y|\n)+$/);
      expect(result.output.length).toBeLessThan(1_100);
      expect(streamed).toBeLessThanOrEqual(1_000);
      expect(await bash.run('echo clean', LIMITS)).toMatchObject(succeeded('clean\n'));
    });

    it('keeps head and tail of a huge single line, cut between characters', async () => {
      const bash = await shell();
      const command = `printf 'head'; head -c 3000000 /dev/zero | sed 's/\\x0/é/g'; printf 'tail'`;
      const result = await bash.run(command, { ...LIMITS, maxOutputBytes: 10_001 });
      expect(result.output).toMatch(/^headé+\n\[\.\.\. \d+ bytes of output left out \.\.\.\]\né+tail$/);
      expect(result).toMatchObject({ outcome: 'exited', truncated: true });
    });

    it('streams output while the command runs, never half a character', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      const chunks: string[] = [];
      const running = bash.run(
        String.raw`printf 'a\xc3'; until [ -e go ]; do sleep 0.01; done; printf '\xa9b'`,
        {
          ...LIMITS,
          onOutput: (chunk) => chunks.push(chunk),
        },
      );
      await eventually(async () => chunks.join('') === 'a');
      await fixture.computers.writeFile(id, 'go', '');
      expect((await running).output).toBe('aéb');
      expect(chunks.join('')).toBe('aéb');
    });
  });
}
