import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const SIZE = 16;
/** Asking the kernel for every id would be a seventh of a command's work. */
const pool = new Uint8Array(256 * SIZE);
let used = pool.length;
let msecs = 0;
let counter = 0;

/** A UUIDv7; those of one process are in the order of creation (RFC 9562 §6.2, method 1: a counter of 32 bits). */
export function uuidv7(): string {
  const random = takeRandom();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    counter = startOf(random);
  } else if (counter === 0xffff_ffff) {
    msecs += 1;
    counter = startOf(random);
  } else {
    counter += 1;
  }
  return v7({ random, msecs, seq: counter });
}

/** Below half of the range, so that the counter has room. */
function startOf(random: Uint8Array): number {
  return new DataView(random.buffer, random.byteOffset, SIZE).getUint32(6) >>> 1;
}

function takeRandom(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += SIZE;
  return pool.slice(used - SIZE, used);
}
