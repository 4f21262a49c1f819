import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { selectComputers } from '#computers';

/** What a person does by hand on the engine. A spec's own environment names it, which children do not get unasked. */
export async function docker(...args: string[]): Promise<string> {
  return (await promisify(execFile)('docker', args, { env: process.env })).stdout.trim();
}

/** Removes what a spec's services left on the engine. */
export async function removeComputers(root: string): Promise<void> {
  const computers = await selectComputers({ setting: 'docker', root });
  for (const { sessionId } of await computers.list()) await computers.destroy(sessionId);
  await computers.dispose();
}
