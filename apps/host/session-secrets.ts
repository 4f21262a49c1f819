import { MODEL_KEY_SECRET, type Vault } from '#commands';
import type { EventEnvelope } from '#domain';
import { LogError } from '#event-store';
import { SecretMask } from '#runtime';
import { ModelError } from './model-failure.js';

/** What a turn needs of its session's secrets. They are opened once, when they are needed first. */
export class SessionSecrets {
  private opened: Promise<Record<string, string>> | undefined;
  private hiding: SecretMask | undefined;

  /** @param serviceKey the service's own key for Claude, for sessions that have none */
  constructor(
    private readonly events: readonly EventEnvelope[],
    private readonly vault: Vault,
    private readonly serviceKey: string | undefined,
  ) {}

  /**
   * The key of the session, else the service's.
   * @throws ModelError `model_key_missing` when there is neither, or the session's secrets cannot be decrypted
   */
  async modelKey(): Promise<string> {
    const { [MODEL_KEY_SECRET]: own } = await this.open();
    const key = own || this.serviceKey;
    if (key !== undefined && key !== '') return key;
    throw new ModelError(
      'model_key_missing',
      `There is no key for Claude: give the service ${MODEL_KEY_SECRET} and restart it, or make a session with a secret of that name.`,
    );
  }

  /**
   * Hides the values of the session's secrets and the key for Claude in what others will read.
   * @throws ModelError when the secrets cannot be decrypted
   */
  async mask(): Promise<SecretMask> {
    const own = await this.open();
    return (this.hiding ??= new SecretMask({ [MODEL_KEY_SECRET]: this.serviceKey ?? '', ...own }));
  }

  private open(): Promise<Record<string, string>> {
    return (this.opened ??= this.decrypt());
  }

  private async decrypt(): Promise<Record<string, string>> {
    const created = this.events.find(({ type }) => type === 'session.created');
    if (created?.type !== 'session.created') return {};
    try {
      return await this.vault.open(created.subject, created.data.secrets);
    } catch (error) {
      if (error instanceof LogError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ModelError('model_key_missing', why, { cause: error });
    }
  }
}
