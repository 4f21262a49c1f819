import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventStore } from '#event-store';
import type { RebuildWorker } from '#projections/runner';

/** Resolves the `.js` of our imports to the source beside it; node strips the types by itself. */
const HOOK = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      const source = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
      return next(source ? specifier.replace(/\\.js$/, '.ts') : specifier, context);
    },
  });
`;

/** The rebuild worker from its source, on a copy of a log as it is now. */
export async function sourceWorker(log: EventStore, dir: string): Promise<RebuildWorker> {
  const info = await log.info();
  const sequences = Array.from({ length: info.lastSequence }, (_, index) => index + 1);
  const recorded = await Promise.all(sequences.map((sequence) => log.at(sequence)));
  const path = join(dir, 'recorded-log.json');
  writeFileSync(path, JSON.stringify({ info, events: recorded.filter((entry) => entry !== undefined) }));
  return {
    logModule: new URL('./recorded-log.ts', import.meta.url).href,
    logOptions: path,
    entry: new URL('../runner/rebuild-worker.ts', import.meta.url),
    execArgv: ['--import', `data:text/javascript,${encodeURIComponent(HOOK)}`],
  };
}
