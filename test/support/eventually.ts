import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds, at most ninety seconds: for what no event tells. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 90_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`This never came to hold: ${holds.toString()}`);
    await delay(10);
  }
}
