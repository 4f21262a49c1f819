import { statfs } from 'node:fs/promises';
import type { ComputersSpace } from './computer.js';

/** Undefined for a path that is not there, or not for us to see. */
export async function spaceAt(path: string): Promise<ComputersSpace | undefined> {
  const found = await statfs(path).catch(() => undefined);
  return found && { path, freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}
