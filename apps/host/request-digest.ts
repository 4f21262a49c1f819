import { createHash } from 'node:crypto';
import type { ModelRequest } from './model-request.js';

/**
 * sha256 over everything that the model sees, a picture by its own sha256: who has the events can build the request
 * again and compare, also when its pictures are gone.
 */
export function digestOf({ model, system, tools, messages }: ModelRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([model, system, tools, messages]))
    .digest('hex');
}
