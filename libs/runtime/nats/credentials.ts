import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Home } from '../home/home.js';
import { HomeError } from '../home/home-error.js';
import { createPrivateFile, readIfExists } from '../home/private-file.js';
import { parseJson } from '../json.js';

const schema = z.object({ user: z.string().min(1), pass: z.string().min(16) });
export type NatsCredentials = z.infer<typeof schema>;

/** The embedded server's user and password; made at first start, in a file that only its owner can read. */
export async function ensureNatsCredentials(home: Pick<Home, 'natsCredentials'>): Promise<NatsCredentials> {
  const text = await readIfExists(home.natsCredentials);
  if (text === undefined) {
    const made: NatsCredentials = { user: 'raworc', pass: randomBytes(32).toString('base64url') };
    await createPrivateFile(home.natsCredentials, `${JSON.stringify(made)}\n`);
    return ensureNatsCredentials(home);
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new HomeError(
    'home_damaged',
    `${home.natsCredentials} does not hold what Raworc wrote there. Delete it, and new credentials are made at the next start.`,
  );
}
