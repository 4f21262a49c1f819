import { median, medianRatio } from './stats.js';

/** A bar on the ratio ours / bare, or on our own value in the row's unit. */
export interface Bar {
  of: 'ratio' | 'ours';
  atLeast?: number;
  atMost?: number;
}

/** One value a round and side, in the order measured. */
export interface Rounds {
  ours: number[];
  bare: number[];
}

/** One path as measured beside the bare parts that it is made of. */
export interface Measured extends Rounds {
  path: string;
  unit: '/s' | 'ms' | 'KiB';
  /** What `bare` is. */
  bareIs: string;
  bars: Bar[];
}

/** A line of the table: medians over the rounds. */
export interface Row extends Omit<Measured, 'ours' | 'bare'> {
  ours: number;
  bare: number;
  ratio: number;
  met: boolean;
  rounds: Rounds;
}

export interface Size {
  /** Few and short rounds, to see that everything works. */
  quick: boolean;
}

/** Something to measure; gives a row for each path. */
export interface Bench {
  name: string;
  /** Left out, with a line that says so, where no engine with the images answers. */
  needsDocker?: true;
  measure(size: Size): Promise<Measured[]>;
}

export function rowOf({ ours, bare, ...measured }: Measured): Row {
  const row = {
    ...measured,
    ours: median(ours),
    bare: median(bare),
    ratio: medianRatio(ours, bare),
    rounds: { ours, bare },
  };
  return { ...row, met: row.bars.every((bar) => isMet(bar, row)) };
}

function isMet(
  { of, atLeast = -Infinity, atMost = Infinity }: Bar,
  row: Pick<Row, 'ours' | 'ratio'>,
): boolean {
  return row[of] >= atLeast && row[of] <= atMost;
}
