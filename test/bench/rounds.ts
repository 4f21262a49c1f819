import type { Rounds } from './row.js';

/** Measures one round of a side; gives its value in the row's unit. */
export type Side = () => Promise<number>;

/** Measures both sides in turns (A B A B …) after a first turn that does not count. */
export async function inTurns(count: number, { ours, bare }: { ours: Side; bare: Side }): Promise<Rounds> {
  await ours();
  await bare();
  const rounds: Rounds = { ours: [], bare: [] };
  for (let round = 0; round < count; round++) {
    rounds.ours.push(await ours());
    rounds.bare.push(await bare());
  }
  return rounds;
}

/** Runs a step over and over, one after the other in each lane, for so long; gives steps a second. */
export async function rateOf(
  lanes: number,
  milliseconds: number,
  step: (lane: number) => Promise<unknown>,
): Promise<number> {
  let steps = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() - began < milliseconds) {
        await step(lane);
        steps += 1;
      }
    }),
  );
  return (steps * 1000) / (performance.now() - began);
}

/** Runs a step over and over, one after the other, for so long; gives the milliseconds of each. */
export async function timesOf(milliseconds: number, step: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const began = performance.now();
  while (performance.now() - began < milliseconds) times.push(await timeOf(step));
  return times;
}

/** Milliseconds. */
export async function timeOf(step: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await step();
  return performance.now() - began;
}
