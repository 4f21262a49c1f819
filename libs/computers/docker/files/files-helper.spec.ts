import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { DEFAULT_MAX_BYTES } from '../../local/computer-files.js';
import { describeWithDocker } from '../testing/computers.js';

const HELPERS = 'pgrep -f -d " " "raworc-helper$" || :';

await describeWithDocker('the helper for files in a container', (fixture) => {
  const helper = async (id: string): Promise<string> => (await fixture.output(id, HELPERS)).trim();
  const text = async (id: string, path: string): Promise<string> =>
    Buffer.from(await fixture.computers.readFile(id, path)).toString();

  it('is one for all calls, also those at the same time, and no process of the session', async () => {
    const id = await fixture.running();
    const before = (await fixture.computers.stats(id)).processes;
    const names = Array.from({ length: 20 }, (_, index) => `data/${index}`);
    await Promise.all(names.map((name) => fixture.computers.writeFile(id, name, name)));
    expect(await Promise.all(names.map((name) => text(id, name)))).toEqual(names);
    expect((await fixture.computers.stats(id)).processes).toBe(before);
    expect(await helper(id)).toMatch(/^\d+$/);
  });

  it.each([true, false])('is there again after the session has killed it (root: %p)', async (root) => {
    const id = await fixture.running({ root });
    await fixture.computers.writeFile(id, 'data/f', 'kept');
    const killed = await helper(id);
    await fixture.output(id, `kill -9 ${killed}`);
    expect(await text(id, 'data/f')).toBe('kept');
    expect(await helper(id)).not.toBe(killed);
    await fixture.bash(id, 'kill -9 -1');
    if (root) {
      // Root has killed the keeper too: the computer has ended, and somebody starts it again.
      await fixture.docker.getContainer(`raworc_session_${id}`).wait();
      await fixture.computers.start(id);
    }
    await fixture.computers.writeFile(id, 'data/f', 'again');
    expect(await text(id, 'data/f')).toBe('again');
  });

  it('loses no call when it is killed again and again, and leaves each file whole', async () => {
    const id = await fixture.running();
    const content = randomBytes(4 << 20);
    await fixture.computers.writeFile(id, 'data/f', content);
    for (let round = 0; round < 5; round++) {
      const killed = await helper(id);
      const [written, read] = await Promise.all([
        fixture.computers.writeFile(id, 'data/f', content),
        fixture.computers.readFile(id, 'data/f'),
        fixture.output(id, `kill -9 ${killed}`),
      ]);
      expect(written).toBeUndefined();
      expect(Buffer.compare(Buffer.from(read), content)).toBe(0);
    }
  });

  it('outlives the commands that are ended', async () => {
    const id = await fixture.running();
    await fixture.computers.writeFile(id, 'data/f', 'x');
    const before = await helper(id);
    expect((await fixture.bash(id, 'sleep 60', 200)).outcome).toBe('timed_out');
    await fixture.computers.exec(id, ['sleep', '60'], { timeoutMs: 200, maxOutputBytes: 1024 });
    await (await fixture.computers.shell(id)).close();
    expect(await helper(id)).toBe(before);
  });

  it('goes on after a write that it refused, which it reads to its end', async () => {
    const id = await fixture.running();
    const content = Buffer.alloc(1 << 20, 'content\n');
    const settled = await Promise.allSettled([
      fixture.computers.writeFile(id, '/etc/passwd', content),
      fixture.computers.writeFile(id, 'data', content),
      fixture.computers.writeFile(id, 'data/f', 'x'),
      fixture.computers.readFile(id, 'data/f'),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await helper(id)).toMatch(/^\d+$/);
    expect(await fixture.output(id, 'ls -A data; ls /proc/$(pgrep -f "raworc-helper$")/fd | wc -l')).toBe(
      'f\n3\n',
    );
  });

  it('carries the largest files byte for byte, and does not keep their memory', async () => {
    const id = await fixture.running();
    const content = randomBytes(DEFAULT_MAX_BYTES);
    await fixture.computers.writeFile(id, 'data/big', content);
    const read = await fixture.computers.readFile(id, 'data/big');
    expect(createHash('sha256').update(read).digest('hex')).toBe(
      (await fixture.output(id, 'sha256sum < data/big')).slice(0, 64),
    );
    expect(Buffer.compare(Buffer.from(read), content)).toBe(0);
    const resident = await fixture.output(
      id,
      `grep -oP 'VmRSS:\\s*\\K\\d+' /proc/$(pgrep -f "raworc-helper$")/status`,
    );
    expect(Number(resident)).toBeLessThan(16 * 1024);
  });

  it('does not believe what others write into its answers', async () => {
    const id = await fixture.running();
    await fixture.computers.writeFile(id, 'data/f', 'true');
    const forged = '{"id":0,"bytes":99999999999}';
    await fixture.bash(id, `echo '${forged}' > /proc/$(pgrep -f "raworc-helper$")/fd/1`);
    expect(await text(id, 'data/f')).toBe('true');
  });

  it('ends with the service', async () => {
    const id = await fixture.running();
    const other = fixture.others({});
    await other.writeFile(id, 'data/f', 'x');
    expect(await helper(id)).toMatch(/^\d+$/);
    await other.dispose();
    await fixture.output(id, 'while pgrep -f "raworc-helper$"; do :; done');
  });

  it('follows the computer through stop and start', async () => {
    const id = await fixture.running();
    await fixture.computers.writeFile(id, 'data/f', 'running');
    await fixture.computers.stop(id);
    expect(await text(id, 'data/f')).toBe('running');
    await fixture.computers.writeFile(id, 'data/f', 'stopped');
    await fixture.computers.start(id);
    expect(await text(id, 'data/f')).toBe('stopped');
    await fixture.computers.destroy(id);
    await expect(text(id, 'data/f')).rejects.toMatchObject({ code: 'computer_not_found' });
  });
});
