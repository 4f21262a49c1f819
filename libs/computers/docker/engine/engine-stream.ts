import type { Duplex } from 'node:stream';

const HEADER_BYTES = 8;
const STDERR = 2;

export interface StreamListener {
  onStdout(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
}

/** Splits the engine's multiplexed stream into its two. Resolves when it has ended, for whatever reason. */
export function demultiplex(stream: Duplex, listener: StreamListener): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUInt32BE(4);
      if (bytes.length < end) break;
      const payload = bytes.subarray(HEADER_BYTES, end);
      if (bytes[0] === STDERR) listener.onStderr?.(payload);
      else listener.onStdout(payload);
      bytes = bytes.subarray(end);
    }
    rest = Buffer.from(bytes);
  });
  // An engine that goes away ends the stream too; the next call to it tells what is wrong.
  stream.on('error', () => resolve());
  stream.on('end', resolve);
  stream.on('close', resolve);
  return ended;
}
