import { MODEL_KEY_SECRET, type Vault } from '#commands';
import { LogError } from '#event-store';
import type { EventEnvelope } from '#domain';
import { ModelError } from './model-failure.js';

/**
 * The key of the session, else the service's.
 * @throws ModelError `model_key_missing` when there is neither, or the session's cannot be decrypted
 */
export async function findModelKey(
  events: readonly EventEnvelope[],
  vault: Vault,
  serviceKey: string | undefined,
): Promise<string> {
  const key = (await sessionKey(events, vault)) ?? serviceKey;
  if (key !== undefined && key !== '') return key;
  throw new ModelError(
    'model_key_missing',
    `There is no key for Claude: give the service ${MODEL_KEY_SECRET} and restart it, or make a session with a secret of that name.`,
  );
}

async function sessionKey(events: readonly EventEnvelope[], vault: Vault): Promise<string | undefined> {
  const created = events.find(({ type }) => type === 'session.created');
  if (created?.type !== 'session.created') return undefined;
  const sealed = created.data.secrets[MODEL_KEY_SECRET];
  if (sealed === undefined) return undefined;
  try {
    const opened = await vault.open(created.subject, { [MODEL_KEY_SECRET]: sealed });
    return opened[MODEL_KEY_SECRET] || undefined;
  } catch (error) {
    if (error instanceof LogError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ModelError('model_key_missing', why, { cause: error });
  }
}
