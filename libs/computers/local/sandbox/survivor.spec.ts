import { expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import { createLocalComputers } from '../index.js';
import { readProcess } from '../process-table.js';
import { signal } from '../terminate.js';
import { describeSandbox, inNamespaceOf, processNamed } from '../testing/sandbox.js';
import { isSandboxInit } from './find-sandboxes.js';

/**
 * Makes PID 1 forget that it ends with the program that started it: traces it, and lets it call prctl in place of the
 * system call that it waits in. For x86-64.
 */
const FORGET_PARENT = `perl -e '
  sub trace { syscall(101, $_[0], 1, $_[1], $_[2]) < 0 and die "ptrace $_[0]: $!" }
  trace(16, 0, 0); waitpid(1, 0x40000000);
  my $before = "\\0" x 216; trace(12, 0, $before);
  my @r = unpack("Q27", $before);
  my @call = @r;
  @call[10, 14, 13, 15, 16] = (157, 1, 0, 0xffffffffffffffff, $r[16] - 2);
  trace(13, 0, pack("Q27", @call)); trace(9, 0, 0); waitpid(1, 0x40000000);
  my $after = "\\0" x 216; trace(12, 0, $after);
  print "prctl gave ", (unpack("Q27", $after))[10], "\\n";
  @r[10, 16] = ($r[15], $r[16] - 2); trace(13, 0, pack("Q27", @r)); trace(17, 0, 0);
' 2>&1`;

/** Each generation ends at once and leaves a child, so that no signal meets it. */
const FORK_CHAIN = `(setsid perl -e 'while (1) { exit if fork; select undef, undef, undef, 0.002 }' &)`;

describeSandbox('what a session leaves running', (sandbox) => {
  /** Starts a sandbox whose PID 1 forgot its parent and does not end by itself. Gives the machine's number of PID 1. */
  async function startSurvivor(): Promise<number> {
    const { promise: said, resolve } = Promise.withResolvers<string>();
    const mark = `9${process.pid}.${Date.now()}`;
    const argv = ['bash', '-c', `${FORGET_PARENT}; ${FORK_CHAIN}; exec sleep ${mark}`];
    void sandbox.computers.exec('a', argv, { timeoutMs: 60_000, maxOutputBytes: 10_000, onOutput: resolve });
    expect(await said).toBe('prctl gave 0\n');
    const sleeper = await processNamed(`sleep\0${mark}\0`);
    const first = inNamespaceOf(sleeper).find((pid) => isSandboxInit(pid));
    if (first === undefined) throw new Error('The sandbox has no first process.');
    return first;
  }

  const runs = (pid: number): boolean => !['Z', undefined].includes(readProcess(pid)?.state);

  async function killOuter(first: number): Promise<void> {
    const outer = readProcess(first)?.parent ?? 0;
    signal(outer, 'SIGKILL');
    await eventually(async () => !runs(outer));
    expect(runs(first)).toBe(true);
  }

  if (process.arch !== 'x64') {
    process.stderr.write(
      'not run, because its attack is written for x86-64: what a session leaves running\n',
    );
    it.skip('is written for x86-64', () => undefined);
    return;
  }

  it('ends with the session, though PID 1 forgot its parent and processes fork for ever', async () => {
    const first = await startSurvivor();
    await sandbox.computers.stop('a');
    expect(runs(first)).toBe(false);
    expect(await sandbox.computers.stats('a')).toMatchObject({ processes: 0 });
  });

  it.each(['stop', 'destroy'] as const)(
    'is found by another process of the service that has to %s it',
    async (verb) => {
      const first = await startSurvivor();
      await killOuter(first);
      const next = createLocalComputers({ root: sandbox.root, mode: 'bubblewrap' });
      await next[verb]('a');
      expect(runs(first)).toBe(false);
    },
  );

  it('does not keep a stopping service from ending', async () => {
    // The test runner has pipes of its own.
    const before = openPipes();
    const first = await startSurvivor();
    await sandbox.bash('echo');
    const whileItRan = openPipes();
    await killOuter(first);
    await sandbox.computers.dispose();
    expect(whileItRan).toBeGreaterThan(before);
    await eventually(async () => openPipes() <= before);
  });
});

function openPipes(): number {
  const resources = process.getActiveResourcesInfo();
  return resources.filter((name) => /^Pipe|^TCPSocket|^Process/.test(name)).length;
}
