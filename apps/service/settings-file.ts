import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { HomeError, messageOf } from '#runtime';

const settingsSchema = z.record(z.string(), z.string());

/**
 * The environment, with what the file of RAWORC_SETTINGS_FILE adds to it. Secrets reach a container in this way: its
 * own configuration can be read by whoever may ask the engine.
 * @throws HomeError `home_damaged`
 */
export async function withSettingsFile(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const path = env.RAWORC_SETTINGS_FILE;
  if (!path) return env;
  try {
    return { ...settingsSchema.parse(JSON.parse(await readFile(path, 'utf8'))), ...env };
  } catch (error) {
    const message = `RAWORC_SETTINGS_FILE is ${path}, which cannot be used: ${messageOf(error)}. Write it anew with raworc start --docker.`;
    throw new HomeError('home_damaged', message, { cause: error });
  }
}
