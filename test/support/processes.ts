import { readdir, readFile } from 'node:fs/promises';

/** The pids of processes whose environment or arguments have this text, such as a folder's path. */
export async function processesNaming(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const named = await Promise.all(
    pids.map(async (pid) => {
      const files = ['environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8'));
      const contents = await Promise.all(files.map((file) => file.catch(() => '')));
      return contents.some((content) => content.includes(text));
    }),
  );
  return pids.filter((_, index) => named[index]);
}
