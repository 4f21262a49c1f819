import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ComputerError, planComputers, selectComputers } from '#computers';

/** What a person does by hand on the engine. */
export async function docker(...args: string[]): Promise<string> {
  return (await promisify(execFile)('docker', args)).stdout.trim();
}

/** Removes what a spec's services left on the engine. */
export async function removeComputers(root: string): Promise<void> {
  const computers = await selectComputers({ setting: 'docker', root });
  for (const { sessionId } of await computers.list()) await computers.destroy(sessionId);
  await computers.dispose();
}

/** Describes what needs an engine and an image of sessions; without them it says so in one line. */
export async function describeWithContainers(name: string, suite: () => void, image?: string): Promise<void> {
  const problem = await problemWithContainers(image);
  if (problem === undefined) return describe(name, suite);
  console.log(`"${name}" does not run on this machine: ${problem}`);
  it(`says why "${name}" does not run here`, () => expect(problem).not.toBe(''));
}

async function problemWithContainers(image?: string): Promise<string | undefined> {
  try {
    const { buildsImage } = await planComputers({ setting: 'docker', image });
    return buildsImage ? 'the image of sessions is not built' : undefined;
  } catch (error) {
    if (error instanceof ComputerError) return error.message;
    throw error;
  }
}
