import { ApiError } from '#contracts';
import type { SessionDefaults } from './ports.js';

/** Secret that Host uses for the model; it never reaches the computer. */
export const MODEL_KEY_SECRET = 'ANTHROPIC_API_KEY';

/** @throws ApiError `model_key_missing` when neither the session nor the service has a key */
export function requireModelKey(secrets: Record<string, string>, defaults: SessionDefaults): void {
  if (defaults.hasModelKey || (secrets[MODEL_KEY_SECRET] ?? '') !== '') return;
  throw new ApiError(
    'model_key_missing',
    `Host needs a key for Claude: set ${MODEL_KEY_SECRET} where you run raworc (or where the service runs), or give the session a secret of that name.`,
  );
}
