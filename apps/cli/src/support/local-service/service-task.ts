import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CliError } from '../errors/cli-error.js';
import { homePath } from '../location/home.js';
import { errorLineOf, parseFailure } from './service-output.js';
import { SERVICE_MAIN } from './service-process.js';

/**
 * Has the service's program do one thing and end: what needs more than the REST API, such as building images.
 * Resolves to what came out of it.
 * @throws {CliError} with the reason that the program gave.
 */
export async function runServiceTask<T>(
  args: string[],
  options: { onStep?: (step: string) => void; env?: NodeJS.ProcessEnv } = {},
): Promise<T> {
  requireServiceMain();
  const env = { ...process.env, RAWORC_HOME: homePath(), ...options.env };
  const child = spawn(process.execPath, [SERVICE_MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  let outcome: { result: T } | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { step?: string; result?: T };
    if (said.step !== undefined) options.onStep?.(said.step);
    if (said.result !== undefined) outcome = { result: said.result };
  }
  const code = await ended;
  if (code === 0 && outcome !== undefined) return outcome.result;
  const failure = errors.map(parseFailure).findLast((found) => found !== undefined);
  if (failure !== undefined) throw new CliError(failure.code, failure.message);
  const reason = errorLineOf(errors) ?? `exit code ${code}`;
  throw new CliError('service_failed', `The service's program ended without a result: ${reason}`);
}

export function requireServiceMain(): void {
  if (existsSync(SERVICE_MAIN)) return;
  throw new CliError('not_built', `${SERVICE_MAIN} is missing, so there is no service to start.`, {
    exit: 2,
    hint: 'Run npm run build in the folder of Raworc.',
  });
}
