import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { RuntimeError } from '#runtime';
import { engineSocket } from './composition.js';

const run = promisify(execFile);
const KEPT_CHARACTERS = 3_000;

/** The program and its first arguments: the plugin of the docker command, else the older program of its own. */
export async function findCompose(): Promise<string[]> {
  const candidates = [['docker', 'compose'], ['docker-compose']];
  for (const [program = '', ...args] of candidates) {
    const works = await run(program, [...args, 'version']).then(
      () => true,
      () => false,
    );
    if (works) return [program, ...args];
  }
  throw new RuntimeError(
    'compose_missing',
    'Docker Compose is not installed. Install it (on Debian: apt-get install docker-compose; else see https://docs.docker.com/compose/install), or run raworc start without --docker.',
  );
}

/** Runs it to its end. @throws RuntimeError `compose_failed` with the last lines of its output */
export async function compose(command: string[], args: string[]): Promise<void> {
  const [program = '', ...first] = command;
  const child = spawn(program, [...first, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(process.env),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  const said = output.trim().split('\n').slice(-8).join('\n');
  throw new RuntimeError('compose_failed', `Docker Compose failed (exit code ${code}):\n${said}`);
}

/**
 * Variables of the environment go before those of the composition's own file, and a context of the docker command before
 * the engine that everything else here talks to.
 */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = ([name]: [string, unknown]): boolean =>
    name.startsWith('RAWORC_') || name === 'DOCKER_CONTEXT';
  const own = Object.entries(env).filter((variable) => !foreign(variable));
  return { ...Object.fromEntries(own), DOCKER_HOST: `unix://${engineSocket(env)}` };
}
