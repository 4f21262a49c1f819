import type { NamedBytes } from '../attachments.js';
import type { KeptItem } from '../event-store.js';

interface Kept extends KeptItem {
  place: number;
  bytes: Uint8Array;
}

/** Attachments, named `<session>.<sha256>`. */
export class MemoryBlobs implements NamedBytes {
  readonly #kept = new Map<string, Kept>();
  #place = 0;

  async put({ name, bytes }: { name: string; bytes: Uint8Array }): Promise<void> {
    if (this.#kept.has(name)) return;
    this.#place += 1;
    const sessionId = name.slice(0, name.indexOf('.'));
    this.#kept.set(name, { place: this.#place, sessionId, storedAt: Date.now() / 1000, bytes });
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#kept.get(name)?.bytes;
  }

  list(after: number, limit: number): { items: KeptItem[]; next: number } {
    const part = [...this.#kept.values()].filter(({ place }) => place > after).slice(0, limit);
    const items = part.map(({ sessionId, storedAt }) => ({ sessionId, storedAt }));
    return { items, next: part.length < limit ? 0 : (part.at(-1)?.place ?? 0) };
  }

  purge(sessionId: string): void {
    for (const [name, kept] of this.#kept) if (kept.sessionId === sessionId) this.#kept.delete(name);
  }
}
