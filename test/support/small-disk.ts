import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a few megabytes, which is quickly full. */
export interface SmallDisk {
  path: string;
  /** Takes all that is left, except so many bytes. */
  fill(leftBytes: number): void;
  /** Gives that back. */
  free(): void;
  remove(): void;
}

/** Undefined where this user may not mount one; a line says so. */
export function mountSmallDisk(megabytes: number, forWhat: string): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'raworc-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'raworc-test', path], {
      stdio: 'ignore',
    });
  } catch {
    rmSync(path, { recursive: true });
    process.stderr.write(`not run, because this user may not mount a file system: ${forWhat}\n`);
    return undefined;
  }
  const ballast = join(path, 'ballast');
  const free = () => rmSync(ballast, { force: true });
  return {
    path,
    free,
    fill(leftBytes) {
      const spare = Buffer.alloc(Math.max(1, leftBytes));
      const reserved = join(path, 'reserved');
      const held = openSync(reserved, 'w');
      writeSync(held, spare);
      closeSync(held);
      writeUntilFull(ballast);
      rmSync(reserved);
    },
    remove() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    for (const bytes of [Buffer.alloc(1024 * 1024), Buffer.alloc(4096)]) {
      try {
        while (writeSync(file, bytes) > 0);
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    closeSync(file);
  }
}
