import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type Fixture, LIMITS } from './fixture.js';

export function describeFiles(fixture: Fixture): void {
  describe('files', () => {
    it('are byte exact both ways', async () => {
      const id = await fixture.running();
      const bytes = randomBytes(1_000_003);
      await fixture.computers.writeFile(id, 'data/deep/er/noise.bin', bytes);
      expect(Buffer.compare(await fixture.computers.readFile(id, 'data/deep/er/noise.bin'), bytes)).toBe(0);
      expect(await fixture.bash(id, 'wc -c < data/deep/er/noise.bin')).toBe('1000003\n');
      await fixture.bash(id, String.raw`printf 'a\0b\r\n\xff' > data/made`);
      expect([...(await fixture.computers.readFile(id, 'data/made'))]).toEqual([97, 0, 98, 13, 10, 255]);
      await fixture.computers.writeFile(id, 'empty', '');
      expect((await fixture.computers.readFile(id, 'empty')).length).toBe(0);
    });

    it('can be named relative to the folder or absolutely, also through /data', async () => {
      const id = await fixture.running();
      await fixture.computers.writeFile(id, 'data/a.txt', 'text');
      const sessionDir = (await fixture.bash(id, 'printf %s "$SESSION_DIR"')).trim();
      for (const path of [
        'data/a.txt',
        './data//a.txt',
        'code/../data/a.txt',
        '/session/data/a.txt',
        '/data/a.txt',
        `${sessionDir}/data/a.txt`,
      ]) {
        expect(await fixture.text(id, path)).toBe('text');
      }
    });

    it('keep their permissions when they are written again', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo old > run.sh; chmod 755 run.sh');
      await fixture.computers.writeFile(id, 'run.sh', 'echo new');
      expect(await fixture.bash(id, './run.sh; stat -c %a run.sh; ls -A')).toBe(
        'new\n755\ncode\ndata\nlogs\nrun.sh\n',
      );
    });

    it('keep owner, special bits and other names when they are written again', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'echo long content > data/f; ln data/f data/g; ln data/f code/h; chmod 4750 data/f',
      );
      const state = 'stat -c "%h %a %u:%g %i" data/f';
      const before = await fixture.bash(id, state);
      await fixture.computers.writeFile(id, 'data/g', 'short');
      expect(await fixture.bash(id, 'cat data/f code/h')).toBe('shortshort');
      await fixture.computers.writeFile(id, 'code/h', 'much longer than before\n'.repeat(1_000));
      expect(await fixture.bash(id, 'wc -c < data/f; ls -A data')).toBe('24000\nf\ng\n');
      expect(await fixture.bash(id, state)).toBe(before);
      await fixture.bash(id, 'echo x > data/single; chmod 6711 data/single');
      await fixture.computers.writeFile(id, 'data/single', 'y');
      expect(await fixture.bash(id, 'stat -c "%h %a" data/single')).toBe('1 6711\n');
    });

    it('are written through links that stay inside, as a command would', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'echo old > data/real; ln -s ../data/real code/relative; ln -s "$SESSION_DIR/data" code/folder',
      );
      await fixture.computers.writeFile(id, 'code/relative', 'one');
      expect(await fixture.text(id, 'code/folder/real')).toBe('one');
      await fixture.computers.writeFile(id, 'code/folder/real', 'two');
      expect(await fixture.bash(id, 'cat data/real; readlink code/relative')).toBe('two../data/real\n');
    });

    it.each([
      '/etc/passwd',
      '../outside',
      'code/../../outside',
      '/session/../etc/passwd',
      '/sessions/x',
      'a\0b',
      '/',
    ])('refuse the path %j', async (path) => {
      const id = await fixture.running();
      const refused = { code: 'path_outside_computer' };
      await expect(fixture.computers.readFile(id, path)).rejects.toMatchObject(refused);
      await expect(fixture.computers.writeFile(id, path, 'x')).rejects.toMatchObject(refused);
      await expect(fixture.computers.listFiles(id, path)).rejects.toMatchObject(refused);
    });

    it('refuse links that lead outside', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'ln -s /etc/passwd file; ln -s /etc folder; ln -s ../../.. up; ln -s loop loop; ln -s file second',
      );
      const refused = { code: 'path_outside_computer' };
      for (const path of ['file', 'folder/passwd', 'up/etc/passwd', 'loop', 'second']) {
        await expect(fixture.computers.readFile(id, path)).rejects.toMatchObject(refused);
        await expect(fixture.computers.writeFile(id, path, 'x')).rejects.toMatchObject(refused);
      }
      for (const [path, said] of [
        ['file', 'file is a link to /etc/passwd'],
        ['folder/passwd', 'folder is a link to /etc.'],
        ['code/../folder/passwd', 'folder is a link to /etc.'],
        ['second', 'file is a link to /etc/passwd'],
        ['up/etc/passwd', 'up is a link to ../../..'],
        ['loop', 'one of them loop'],
      ] as const) {
        await expect(fixture.computers.readFile(id, path)).rejects.toMatchObject({
          message: expect.stringContaining(said),
        });
      }
      await expect(fixture.computers.listFiles(id, 'folder')).rejects.toMatchObject(refused);
      await expect(fixture.computers.exec(id, ['pwd'], { ...LIMITS, cwd: '..' })).rejects.toMatchObject(
        refused,
      );
    });

    it('that are missing, too large or no files are refused by name', async () => {
      const id = await fixture.running();
      const { computers } = fixture;
      await fixture.bash(id, 'head -c 1000 /dev/zero > big; mkfifo pipe');
      await expect(computers.readFile(id, 'code/none')).rejects.toMatchObject({
        code: 'file_not_found',
        message: expect.stringContaining('code/none'),
      });
      await expect(computers.readFile(id, 'big/none')).rejects.toMatchObject({ code: 'file_not_found' });
      await expect(computers.readFile(id, 'big', { maxBytes: 999 })).rejects.toMatchObject({
        code: 'file_too_large',
        message: expect.stringContaining('1000'),
      });
      expect((await computers.readFile(id, 'big', { maxBytes: 1000 })).length).toBe(1000);
      for (const path of ['code', '.']) {
        await expect(computers.readFile(id, path)).rejects.toMatchObject({ code: 'file_is_folder' });
        await expect(computers.writeFile(id, path, 'x')).rejects.toMatchObject({ code: 'file_is_folder' });
      }
    });

    it.each([
      ['pipe', 'mkfifo odd', /odd is a pipe/],
      [
        'socket',
        `python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("odd")' || perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "odd", Listen => 1) or die'`,
        /odd is a socket/,
      ],
    ])('that are a %s are neither read nor replaced', async (_what, make, message) => {
      const id = await fixture.running();
      await fixture.bash(id, make);
      const refused = { code: 'file_not_readable', message: expect.stringMatching(message) };
      await expect(fixture.computers.readFile(id, 'odd')).rejects.toMatchObject(refused);
      await expect(fixture.computers.writeFile(id, 'odd', 'x')).rejects.toMatchObject(refused);
    });

    it('are read by those alone who may read them inside', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo hidden > g; chmod 000 g');
      const inside = await (await fixture.computers.shell(id)).run('cat g', LIMITS);
      if (inside.exitCode === 0) return expect(await fixture.text(id, 'g')).toBe('hidden\n');
      await expect(fixture.computers.readFile(id, 'g')).rejects.toMatchObject({
        code: 'file_not_readable',
        message: 'Permission denied while reading g.',
      });
    });

    it('are listed by name with type and size', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'cd code; printf 12345 > b; mkdir a; ln -s b c; touch a/inner');
      expect(await fixture.computers.listFiles(id, 'code')).toEqual([
        { path: 'code/a', type: 'directory', bytes: 0 },
        { path: 'code/b', type: 'file', bytes: 5 },
        { path: 'code/c', type: 'link', bytes: 0 },
      ]);
      expect(await fixture.computers.listFiles(id, 'code/b')).toEqual([
        { path: 'code/b', type: 'file', bytes: 5 },
      ]);
      expect((await fixture.computers.listFiles(id, '/session')).map(({ path }) => path)).toEqual([
        'code',
        'data',
        'logs',
      ]);
      await expect(fixture.computers.listFiles(id, 'none')).rejects.toMatchObject({ code: 'file_not_found' });
    });

    it('can be read and written while the computer is stopped', async () => {
      await fixture.computers.create({ sessionId: fixture.id('a') });
      await fixture.computers.writeFile(fixture.id('a'), 'data/x', 'y');
      expect(await fixture.text(fixture.id('a'), 'data/x')).toBe('y');
    });
  });
}
