import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { type Fixture, LIMITS, succeeded } from './fixture.js';

export function describeShell(fixture: Fixture): void {
  const shell = async () => fixture.computers.shell(await fixture.running());

  describe('shell', () => {
    it('keeps directory, variables, functions and the last exit code', async () => {
      const bash = await shell();
      await bash.run('cd code; word="two words"; greet() { echo "hello $1"; }; set -f', LIMITS);
      expect(await bash.run('pwd; greet "$word"', LIMITS)).toMatchObject({
        output: expect.stringMatching(/\/code\nhello two words\n$/),
      });
      expect(await bash.run('(exit 7)', LIMITS)).toMatchObject({ exitCode: 7, outcome: 'exited' });
      expect(await bash.run('echo $?', LIMITS)).toMatchObject(succeeded('7\n'));
    });

    it('is the same shell for every caller', async () => {
      const id = await fixture.running();
      const [first, second] = await Promise.all([fixture.computers.shell(id), fixture.computers.shell(id)]);
      expect(first).toBe(second);
      await first.run('x=1', LIMITS);
      expect(await (await fixture.computers.shell(id)).run('echo $x', LIMITS)).toMatchObject(
        succeeded('1\n'),
      );
    });

    it('runs commands one at a time in the order of the calls', async () => {
      const bash = await shell();
      const results = await Promise.all([
        bash.run('sleep 0.1; n=1; echo $n', LIMITS),
        bash.run('n=$((n + 1)); echo $n', LIMITS),
        bash.run('n=$((n + 1)); echo $n', LIMITS),
      ]);
      expect(results.map((result) => result.output)).toEqual(['1\n', '2\n', '3\n']);
    });

    it.each([
      ['several lines', 'for i in 1 2\ndo\n  echo $i\ndone', '1\n2\n'],
      ['here-documents', "cat <<'EOF'\n$x `y` \\\nEOF\ncat <<EOT\n$((1 + 1))\nEOT", '$x `y` \\\n2\n'],
      ['quotes of every kind', `echo 'it'"'"'s' "a \\"b\\"" $'\\x41'`, `it's a "b" A\n`],
      ['a comment at the end', 'echo a # b', 'a\n'],
      ['an exclamation mark', 'echo "wow!!" !x', 'wow!! !x\n'],
      ['both outputs in order', 'echo 1; echo 2 >&2; echo 3; echo 4 >&2', '1\n2\n3\n4\n'],
      ['its outputs by name', 'echo 1 > /dev/stdout; echo 2 > /dev/stderr', '1\n2\n'],
      ['no newline at the end', 'printf abc', 'abc'],
      ['nothing', '', ''],
      ['text beyond ASCII', 'echo "žluťoučký 🐎"', 'žluťoučký 🐎\n'],
      ['a command of 200 kB', `x='${'a'.repeat(200_000)}'; echo \${#x}`, '200000\n'],
    ])('takes %s', async (_what, command, output) => {
      expect(await (await shell()).run(command, LIMITS)).toMatchObject(succeeded(output));
    });

    it('gives commands an empty standard input', async () => {
      const bash = await shell();
      expect(await bash.run('cat; read line; echo "read $?"', LIMITS)).toMatchObject(succeeded('read 1\n'));
    });

    it.each([
      ['a syntax error', 'echo "unclosed', 2],
      ['an unset variable', 'set -u; echo $nothing', 1],
      ['a failing command', 'nosuchcommand', 127],
      ['return', 'return 5; echo no', 5],
      [
        'functions named like what its own lines use',
        'builtin() { :; }; unset() { :; }; printf() { :; }; (exit 3)',
        3,
      ],
      ['the mode of POSIX', 'set -o posix; (exit 4)', 4],
    ])('survives %s', async (_what, command, exitCode) => {
      const bash = await shell();
      expect(await bash.run(command, LIMITS)).toMatchObject({ exitCode, outcome: 'exited' });
      expect(await bash.run('set +u; echo alive', LIMITS)).toMatchObject(succeeded('alive\n'));
    });

    it('survives redirections of its own descriptors', async () => {
      const bash = await shell();
      await bash.run('exec > out.txt 2>&1 3>&- 4>&- 8>&- < /etc/passwd', LIMITS);
      expect(await bash.run('echo back', LIMITS)).toMatchObject(succeeded('back\n'));
    });

    it.each([
      ['exit', 'echo bye; exit 4', 4],
      ['exec', 'exec bash -c "exit 6"', 6],
      ['its own kill', 'kill -9 $$', 137],
    ])('says that it died by %s, and is replaced', async (_what, command, exitCode) => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      expect(await bash.run(command, LIMITS)).toMatchObject({
        outcome: 'shell_died',
        exitCode,
        shellEnded: true,
      });
      expect(bash.alive).toBe(false);
      await expect(bash.run('true', LIMITS)).rejects.toMatchObject({ code: 'computer_not_running' });
      expect(await fixture.bash(id, 'echo new')).toBe('new\n');
    });

    it('says once that another shell ended between two commands, and not when it was closed', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      await bash.run(
        'cd code; word=kept; { until [ -e ../go ]; do sleep 0.01; done; kill -9 $$; } & true',
        LIMITS,
      );
      await fixture.computers.writeFile(id, 'go', '');
      await eventually(() => Promise.resolve(!bash.alive));
      const next = await fixture.computers.shell(id);
      expect(await next.run('echo "<$word>"', LIMITS)).toMatchObject({
        ...succeeded('<>\n'),
        shellReplaced: true,
      });
      expect(await next.run('true', LIMITS)).not.toHaveProperty('shellReplaced');
      await next.close();
      const last = await fixture.computers.shell(id);
      expect(await last.run('exit 3', LIMITS)).not.toHaveProperty('shellReplaced');
      expect(await (await fixture.computers.shell(id)).run('true', LIMITS)).not.toHaveProperty(
        'shellReplaced',
      );
    });

    it('does not wait for background jobs, which go on', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      const job = 'until [ -e go ]; do sleep 0.01; done; echo done > job.txt';
      expect(await bash.run(`{ ${job}; } & sleep 300 & echo started`, LIMITS)).toMatchObject(
        succeeded('started\n'),
      );
      await bash.run('touch go', LIMITS);
      await eventually(async () => (await bash.run('cat job.txt', LIMITS)).exitCode === 0);
      expect(await bash.run('kill -0 $!', LIMITS)).toMatchObject({ exitCode: 0 });
    });

    it('hands over what a background job printed meanwhile', async () => {
      const bash = await shell();
      await bash
        .run('(echo from the job; touch printed) & while [ ! -e printed ]; do :; done', LIMITS)
        .then((first) => expect(first.output).toBe('from the job\n'));
      await bash.run('{ until [ -e go ]; do sleep 0.01; done; echo later; touch printed2; } & true', LIMITS);
      const next = await bash.run('touch go; until [ -e printed2 ]; do sleep 0.01; done', LIMITS);
      expect(next.output).toBe('later\n');
    });

    it('keeps what a background job printed between two commands apart from their output', async () => {
      const bash = await shell();
      await bash.run(
        '{ until [ -e go ]; do sleep 0.01; done; echo from the job; touch said; } & true',
        LIMITS,
      );
      // Where it prints while this still runs, what it said comes with this one.
      const { output: told, background: printed = '' } = await bash.run('touch go', LIMITS);
      let collected = told + printed;
      await eventually(async () => {
        const { output, background = '' } = await bash.run('[ -e said ]', LIMITS);
        collected += output + background;
        return collected.includes('from the job\n');
      });
      expect(await bash.run('echo next', LIMITS)).toMatchObject(succeeded('next\n'));
    });

    it('takes no output for the end of a command', async () => {
      const bash = await shell();
      const command =
        'cat /proc/$$/cmdline /proc/self/fd/8 2>/dev/null | tr "\\0" " "; echo 0; echo "x 0" >&4; echo "x 0" >&3; echo end';
      const { output, outcome } = await bash.run(command, LIMITS);
      expect(outcome).toBe('exited');
      expect(output).toMatch(/end\n$/);
      expect(await bash.run('echo next', LIMITS)).toMatchObject(succeeded('next\n'));
    });

    it('refuses a command with a NUL', async () => {
      await expect((await shell()).run('echo a\0b', LIMITS)).rejects.toMatchObject({
        code: 'command_refused',
      });
    });

    it('closes with all that it started', async () => {
      const id = await fixture.running();
      const bash = await fixture.computers.shell(id);
      await bash.run('sleep 300 & (sleep 300 &)', LIMITS);
      await bash.close();
      expect(bash.alive).toBe(false);
      expect((await fixture.computers.stats(id)).processes).toBe(0);
    });
  });
}
