import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;
const CHUNK_BYTES = 64 * 1024;

/** The last `count` lines of a file, and the place where it ended. */
export async function tailFile(path: string, count: number): Promise<{ lines: string[]; end: number }> {
  const file = await open(path);
  try {
    const end = (await file.stat()).size;
    let text = Buffer.alloc(0);
    for (let begin = end; begin > 0 && countLines(text) <= count;) {
      const length = Math.min(CHUNK_BYTES, begin);
      begin -= length;
      const chunk = Buffer.alloc(length);
      await file.read(chunk, 0, length, begin);
      text = Buffer.concat([chunk, text]);
    }
    const lines = text.toString('utf8').split('\n').slice(0, -1);
    return { lines: count === 0 ? [] : lines.slice(-count), end };
  } finally {
    await file.close();
  }
}

/** Lines appended to a file after `from`, for as long as one reads. Starts anew when the file was replaced. */
export async function* followFile(path: string, from: number): AsyncGenerator<string> {
  let place = from;
  let rest = '';
  for (;;) {
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (size < place) [place, rest] = [0, ''];
    if (size === place) {
      await delay(POLL_MS);
      continue;
    }
    const lines = (rest + (await readRange(path, place, size))).split('\n');
    rest = lines.pop() ?? '';
    place = size;
    yield* lines;
  }
}

async function readRange(path: string, begin: number, end: number): Promise<string> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(end - begin);
    await file.read(bytes, 0, bytes.length, begin);
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

function countLines(text: Buffer): number {
  let count = 0;
  for (const byte of text) if (byte === 0x0a) count += 1;
  return count;
}
