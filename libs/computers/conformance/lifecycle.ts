import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { type Fixture, LIMITS } from './fixture.js';

export function describeLifecycle(fixture: Fixture): void {
  describe('lifecycle', () => {
    it('creates, starts, stops and destroys, each as often as asked', async () => {
      const { computers } = fixture;
      const created = await computers.create({ sessionId: fixture.id('a'), image: fixture.image });
      expect(created).toMatchObject({
        sessionId: fixture.id('a'),
        driver: computers.driver,
        running: false,
        image: fixture.image,
      });
      expect(await computers.create({ sessionId: fixture.id('a'), image: fixture.image })).toEqual(created);
      for (let round = 0; round < 2; round++)
        expect(await computers.start(fixture.id('a'))).toMatchObject({ running: true });
      expect(await computers.inspect(fixture.id('a'))).toMatchObject({ running: true });
      for (let round = 0; round < 2; round++) await computers.stop(fixture.id('a'));
      expect(await computers.inspect(fixture.id('a'))).toMatchObject({ running: false });
      for (let round = 0; round < 2; round++) await computers.destroy(fixture.id('a'));
      expect(await computers.inspect(fixture.id('a'))).toBeUndefined();
    });

    it('lists what is there, also what another process made', async () => {
      await fixture.otherProcess().create({ sessionId: fixture.id('a') });
      await fixture.computers.create({ sessionId: fixture.id('b') });
      expect((await fixture.computers.list()).map((info) => info.sessionId)).toEqual([
        fixture.id('a'),
        fixture.id('b'),
      ]);
    });

    it('has its environment in the process that created or started it', async () => {
      const env = { TOKEN: 'secret' };
      const id = await fixture.running(fixture.id('a'), env);
      expect(await fixture.computers.inspect(id)).toMatchObject({ running: true, prepared: true });
      const next = fixture.otherProcess();
      expect(await next.inspect(id)).toMatchObject({ running: true, prepared: false });
      await next.start(id, { env });
      expect(await next.inspect(id)).toMatchObject({ running: true, prepared: true });
      expect(await (await next.shell(id)).run('echo $TOKEN', LIMITS)).toMatchObject({ output: 'secret\n' });
    });

    it('succeeds in stopping and destroying what never was', async () => {
      await fixture.computers.stop(fixture.id('nobody'));
      await fixture.computers.destroy(fixture.id('nobody'));
    });

    it('says which computer is missing', async () => {
      const missing = { code: 'computer_not_found', message: expect.stringContaining('nobody') };
      await expect(fixture.computers.start(fixture.id('nobody'))).rejects.toMatchObject(missing);
      await expect(fixture.computers.shell(fixture.id('nobody'))).rejects.toMatchObject(missing);
      await expect(fixture.computers.snapshot(fixture.id('nobody'))).rejects.toMatchObject(missing);
      await expect(fixture.computers.readFile(fixture.id('nobody'), 'x')).rejects.toMatchObject(missing);
    });

    it('runs commands in a started computer only', async () => {
      await fixture.computers.create({ sessionId: fixture.id('a') });
      const refused = { code: 'computer_not_running' };
      await expect(fixture.computers.shell(fixture.id('a'))).rejects.toMatchObject(refused);
      await expect(fixture.computers.exec(fixture.id('a'), ['true'], LIMITS)).rejects.toMatchObject(refused);
    });

    it.each(['', '../a', 'a/b', '.', 'a b', 'x'.repeat(65)])(
      'refuses the session id %j',
      async (sessionId) => {
        await expect(fixture.computers.create({ sessionId })).rejects.toMatchObject({
          code: 'command_refused',
        });
      },
    );

    it('has its folders from the start, and SESSION_DIR names where commands begin', async () => {
      const id = await fixture.running();
      expect(await fixture.bash(id, '[ "$PWD" = "$SESSION_DIR" ] && ls')).toBe('code\ndata\nlogs\n');
    });

    it('gives its environment to commands, and none of the service’s own', async () => {
      process.env['RAWORC_CONFORMANCE_LEAK'] = 'leaked';
      try {
        const id = await fixture.running(fixture.id('a'), { GREETING: 'héllo "world"\n$x' });
        expect(await fixture.bash(id, 'printf %s "$GREETING"')).toBe('héllo "world"\n$x');
        const shellEnvironment = await fixture.bash(id, 'env');
        const { output } = await fixture.computers.exec(id, ['env'], LIMITS);
        for (const environment of [shellEnvironment, output]) {
          expect(environment).not.toContain('leaked');
          expect(environment).toContain('GREETING=');
        }
      } finally {
        delete process.env['RAWORC_CONFORMANCE_LEAK'];
      }
    });

    it('takes a new environment at start, also in a process that did not create it', async () => {
      await fixture.running(fixture.id('a'), { KEY: 'old' });
      const other = fixture.otherProcess();
      await other.start(fixture.id('a'), { env: { KEY: 'new' } });
      const shell = await other.shell(fixture.id('a'));
      expect((await shell.run('echo $KEY', LIMITS)).output).toBe('new\n');
    });

    it('ends every process on stop, also detached ones and those that another process started', async () => {
      const id = await fixture.running();
      const ticking = 'while :; do date +%s%N > tick; sleep 0.01; done';
      await fixture.bash(
        id,
        `setsid nohup bash -c '${ticking}' >/dev/null 2>&1 & (sleep 300 &); sleep 300 &`,
      );
      await eventually(async () =>
        (await fixture.computers.listFiles(id, '.')).some(({ path }) => path === 'tick'),
      );
      expect((await fixture.computers.stats(id)).processes).toBeGreaterThan(0);

      const other = fixture.otherProcess();
      await other.stop(id);

      expect((await other.stats(id)).processes).toBe(0);
      const last = await fixture.text(id, 'tick');
      await other.start(id);
      const shell = await other.shell(id);
      expect((await shell.run('sleep 0.1; cat tick', LIMITS)).output).toBe(last);
    });

    it('counts what its processes use', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'sleep 300 & for ((i = 0; i < 100000; i++)); do :; done');
      const stats = await fixture.computers.stats(id);
      expect(stats.processes).toBeGreaterThanOrEqual(2);
      expect(stats.memoryBytes).toBeGreaterThan(500_000);
      expect(stats.cpuSeconds).toBeGreaterThan(0);
    });

    it('keeps every byte through ten rounds of stop and start', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'head -c 300000 /dev/urandom > data/noise; mkdir -p code/deep/er; ln -s noise data/link; chmod 751 code',
      );
      const { digest } = await fixture.computers.snapshot(id);
      for (let round = 0; round < 10; round++) {
        await fixture.computers.stop(id);
        await fixture.computers.start(id);
        await fixture.bash(id, 'ls -R > /dev/null');
        expect((await fixture.computers.snapshot(id)).digest).toBe(digest);
      }
    });
  });
}
