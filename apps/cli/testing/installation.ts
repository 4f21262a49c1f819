import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** A copy of the built command line beside a stand-in for the service's program. */
export function installBesideStandIn(): { cli: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'raworc-installed-'));
  for (const folder of ['dist/apps/cli', 'apps/cli/bin']) {
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  }
  copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  mkdirSync(join(root, 'dist/apps/service'), { recursive: true });
  const standIn = join(ROOT, 'apps/cli/testing/stand-in-service.mjs');
  copyFileSync(standIn, join(root, 'dist/apps/service/main.js'));
  return {
    cli: join(root, 'apps/cli/bin/raworc.mjs'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
