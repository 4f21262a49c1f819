import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { FrameReader } from '../processes/frame-reader.js';
import { pythonProgram } from './python-program.js';
import { STORE_PROGRAM } from './store/index.js';

const HERE = new URL('./', import.meta.url);
const hasPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('The Python programs are not compiled on this machine: there is no python3.');
    return false;
  }
})();

(hasPython ? describe : describe.skip)('Python programs', () => {
  const files = [HERE, new URL('./store/', HERE)].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.py'))
      .map((name) => fileURLToPath(new URL(name, folder))),
  );
  const compile = (text: string) =>
    execFileSync('python3', ['-I', '-c', 'import sys; compile(sys.stdin.read(), "program", "exec")'], {
      input: text,
    });

  it.each(files)('%s compiles', (file) => {
    const cache = mkdtempSync(join(tmpdir(), 'raworc-python-'));
    try {
      const env = { ...process.env, PYTHONPYCACHEPREFIX: cache };
      execFileSync('python3', ['-m', 'py_compile', file], { env, stdio: 'pipe' });
    } finally {
      rmSync(cache, { recursive: true });
    }
  });

  it('are one text each, short enough for an argument', () => {
    for (const text of [STORE_PROGRAM, pythonProgram(HERE, ['pause'])]) {
      compile(text);
      expect(Buffer.byteLength(text)).toBeLessThan(128 * 1024);
    }
  });

  it('take snapshots on any machine with Python, and name what has changed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'raworc-store-'));
    try {
      const ask = (...requests: object[]): unknown[] => {
        const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
        const roots = ['files', 'store', 'store'].map((name) => join(folder, name));
        const answers: unknown[] = [];
        const reader = new FrameReader(
          ({ body }) => answers.push(JSON.parse(body.toString())),
          () => 64 * 1024,
        );
        reader.push(execFileSync('python3', ['-I', '-S', '-c', STORE_PROGRAM, 'test', ...roots], { input }));
        return answers;
      };
      execFileSync('sh', ['-c', 'mkdir -p files/d store; printf "a\\nb\\n" > files/d/f; ln -s f files/d/l'], {
        cwd: folder,
      });
      const room = { entries: 100, written_bytes: 10_000 };
      const begin = { verb: 'begin', running: false, seconds: 10, paused_seconds: 1, room };
      const commit = (n: number) => ({ verb: 'commit', snapshot: `00000000${n}-x`, unrecorded: false });
      const [, first] = ask(begin, commit(1));
      expect(first).toMatchObject({ files: 1, bytes: 4, changed: { added: 2, modified: 0, removed: 0 } });
      execFileSync('sh', ['-c', 'printf "a\\nc\\nd\\n" > files/d/f; rm files/d/l'], { cwd: folder });
      const [, second] = ask(begin, commit(2));
      expect(second).toMatchObject({
        changed: { added: 0, modified: 1, removed: 1 },
        lines: { added: 2, removed: 1 },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
