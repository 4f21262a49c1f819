import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Only what has this in its name. */
  only: string;
  quick: boolean;
  /** Path of the JSON file. */
  out: string;
}

export const USAGE = `Usage: npm run bench -- [--only <part of a name>] [--quick] [--out <file>]`;

/** @throws TypeError on an argument that does not exist */
export function parseOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const folder = env.RAWORC_BENCH_DIR ?? join(process.cwd(), 'node_modules', '.cache', 'raworc');
  return { only: values.only, quick: values.quick, out: values.out ?? join(folder, 'bench.json') };
}
