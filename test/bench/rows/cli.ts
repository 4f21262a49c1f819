import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeOclifHello } from '../fixtures/oclif-hello.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench } from '../row.js';

const run = promisify(execFile);
const SESSIONS = JSON.stringify([{ id: '019b6a00-0000-7000-8000-000000000000', state: 'idle' }]);

/** The whole process, from the shell's call to its end, with a server that answers at once. */
export const cli: Bench = {
  name: 'raworc api',
  measure: ({ quick }) =>
    withTempDir(async (dir) => {
      const hello = await writeOclifHello(join(dir, 'hello'));
      const raworc = join(packageRoot(), 'apps', 'cli', 'bin', 'raworc.mjs');
      const server = createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(SESSIONS);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const env = {
        ...process.env,
        RAWORC_HOME: join(dir, 'home'),
        RAWORC_SERVER: `http://127.0.0.1:${port}`,
        RAWORC_TOKEN: 'bench',
      };
      const timeCall = (args: string[], expected: string) => async () =>
        timeOf(async () => {
          const { stdout } = await run(process.execPath, args, { env, timeout: 30_000 });
          if (!stdout.includes(expected)) throw new Error(`${args.join(' ')} printed: ${stdout}`);
        });
      try {
        const rounds = await inTurns(quick ? 3 : 15, {
          ours: timeCall([raworc, 'api', 'sessions'], 'idle'),
          bare: timeCall([hello, 'hello'], 'hello'),
        });
        const bars = [{ of: 'ratio' as const, atMost: 1.5 }];
        return [{ path: 'raworc api, whole process', unit: 'ms', bareIs: 'oclif hello', bars, ...rounds }];
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    }),
};

/** The nearest folder above that has a package. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
