import { Gauge, type Registry } from 'prom-client';

/** A log that does not answer must not keep the other values from whoever looks for the reason. */
const READ_WITHIN_MS = 1_000;

export type Value = number | undefined;

/** Registers values that are looked up when somebody asks. One that cannot be had now is left out. */
export class Gauges {
  constructor(private readonly registry: Registry) {}

  add(name: string, help: string, read: () => Value | Promise<Value>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => {
        const value = await within(READ_WITHIN_MS, read);
        if (value === undefined) gauge.remove();
        else gauge.set(value);
      },
    });
  }

  /** The same with one value for each value of a label. */
  addLabelled(
    name: string,
    help: string,
    label: string,
    readers: () => Record<string, () => Value | Promise<Value>>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect: async () => {
        const entries = Object.entries(readers());
        const values = await Promise.all(entries.map(([, read]) => within(READ_WITHIN_MS, read)));
        gauge.reset();
        entries.forEach(([key], index) => {
          const value = values[index];
          if (value !== undefined) gauge.set({ [label]: key }, value);
        });
      },
    });
  }
}

/** Those who ask while an answer is on its way get the same one: several gauges of one scrape ask once. */
export function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= read().finally(() => (running = undefined)));
}

async function within(milliseconds: number, read: () => Value | Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), milliseconds);
  try {
    return await Promise.race([read(), late.promise]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
