import { createHash } from 'node:crypto';
import type { ModelRequest } from './conversation.js';

/** sha256 over everything that the model sees: who has the events can build the request again and compare. */
export function digestOf({ model, system, tools, messages }: ModelRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([model, system, tools, messages]))
    .digest('hex');
}
