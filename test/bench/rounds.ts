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

/** Runs a step many times, one after the other in each lane; gives steps a second. */
export async function rateOf(
  lanes: number,
  steps: number,
  step: (lane: number) => Promise<void>,
): Promise<number> {
  const perLane = Math.ceil(steps / lanes);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let n = 0; n < perLane; n++) await step(lane);
    }),
  );
  return (perLane * lanes * 1000) / (performance.now() - began);
}

/** Runs a step many times, one after the other; gives the milliseconds of each. */
export async function timesOf(steps: number, step: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < steps; n++) times.push(await timeOf(step));
  return times;
}

/** Milliseconds. */
export async function timeOf(step: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await step();
  return performance.now() - began;
}
