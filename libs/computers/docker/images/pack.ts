import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';

export interface Archive {
  bytes: Readable;
  /** Resolves when all is packed, though perhaps not yet read. Rejects with what tar said. */
  packed: Promise<void>;
  /** Ends tar, however far it is, and who reads: what nobody reads would keep tar, and so this process, for ever. */
  stop: () => Promise<void>;
}

/**
 * Files and folders below a folder as a tar stream.
 * Not compressed: the engine is on this machine, and packing took longer than all the rest of a build.
 */
export function pack(folder: string, files: string[]): Archive {
  const tar = spawn('tar', ['-c', '-f', '-', '-C', folder, '--', ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-500);
  });
  const packed = new Promise<void>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`tar could not pack ${folder} (exit code ${code}): ${said.trim()}`));
    });
  });
  // Node throws away what a child that has ended left unread, and the engine's client reads late.
  const bytes = tar.stdout.pipe(new PassThrough());
  bytes.on('error', () => undefined);
  const stop = async (): Promise<void> => {
    // With an error, because only that ends the request that sends them.
    bytes.destroy(new Error('The archive is not needed any more.'));
    tar.stdout.destroy();
    tar.kill();
    await packed.catch(() => undefined);
  };
  return { bytes, packed, stop };
}
