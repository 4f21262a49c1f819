import { readFile, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openShell, type UserShell } from '../support/shell.js';

const KEY = 'sk-ant-of-this-service-alone';
const TOKEN = 'a-token-of-this-service-alone';

let shell: UserShell;

beforeAll(async () => {
  shell = await openShell({ ANTHROPIC_API_KEY: KEY, RAWORC_TOKEN: TOKEN });
});
afterAll(() => shell.dispose());

it('no program that a service starts inherits a key or token', async () => {
  const { state } = await shell.json<{ state: string }>("raworc api -m post 'sessions?wait=idle'");
  expect(state).toBe('idle');
  const { pid } = await shell.json<{ pid: number }>('raworc status --json');
  const started = await descendantsOf(String(pid));
  expect(started.map(({ program }) => program)).toContain('nats-server');
  const told = started.filter(({ environment }) => environment.includes(KEY) || environment.includes(TOKEN));
  expect(told).toEqual([]);
});

interface Program {
  program: string;
  environment: string;
}

async function descendantsOf(pid: string): Promise<Program[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = new Map<string, string>();
  for (const each of pids) {
    const stat = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '');
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(each, parent);
  }
  const isBelow = (each: string): boolean => {
    const parent = parents.get(each);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return Promise.all([...parents.keys()].filter(isBelow).map(lookAt));
}

async function lookAt(pid: string): Promise<Program> {
  const [name, environment] = await Promise.all(
    ['comm', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  const program = name!.startsWith('nats-server') ? 'nats-server' : name!.trim();
  return { program, environment: environment! };
}
