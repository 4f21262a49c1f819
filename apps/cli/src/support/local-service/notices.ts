import type { ServiceOutput } from './service-output.js';

/** Passes on what a starting service tells people, each line once. Resolves to whether there was something new. */
export function noticesOf(output: ServiceOutput): () => Promise<boolean> {
  let shown = 0;
  return async () => {
    const notices = await output.notices();
    for (const text of notices.slice(shown)) process.stderr.write(`${text}\n`);
    const some = notices.length > shown;
    shown = notices.length;
    return some;
  };
}
