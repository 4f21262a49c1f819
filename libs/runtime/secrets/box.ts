import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts under a 32-byte key, to base64 of iv, tag and ciphertext. `context` is authenticated and not stored: a
 * box opens only where it belongs.
 */
export function sealBox(key: Buffer, plain: Buffer, context: readonly string[]): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(encodeContext(context));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64');
}

/** @throws when the key or the context is another one, or the box was altered. */
export function openBox(key: Buffer, box: string, context: readonly string[]): Buffer {
  const bytes = Buffer.from(box, 'base64');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(encodeContext(context));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}

/** JSON keeps apart what joining would blur, such as ["a", "b-c"] and ["a-b", "c"]. */
function encodeContext(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(['raworc', ...context]));
}
