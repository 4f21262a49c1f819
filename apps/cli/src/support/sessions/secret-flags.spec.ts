import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secretsOf } from './secret-flags.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'raworc-secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'secrets');
  await writeFile(path, content);
  return path;
}

describe('secrets on the command line', () => {
  it('come from the environment, and from files without the line break at their end', async () => {
    const path = await file('-----BEGIN-----\nabc\n-----END-----\n');
    const secrets = await secretsOf({ secret: ['A', `KEY=@${path}`] }, { A: 'a=b', B: 'b' });
    expect(secrets).toEqual({ A: 'a=b', KEY: '-----BEGIN-----\nabc\n-----END-----' });
  });

  it.each([
    ['lines', 'A=1 # one\n# none\nexport B="two words"\n\nC=\'x=y\'', { A: '1', B: 'two words', C: 'x=y' }],
    ['JSON', ' {"A":"1"}', { A: '1' }],
    ['nothing', '', {}],
  ])('come from a file of %s', async (_, content, secrets) => {
    expect(await secretsOf({ 'secrets-file': await file(content) })).toEqual(secrets);
  });

  it.each([
    ['a value', { secret: ['A=hunter2'] }, /NAME=@FILE, without its value/],
    ['no name', { secret: ['@file'] }, /NAME or NAME=@FILE/],
    ['a name that is none', { secret: ['1A'] }, /NAME or NAME=@FILE/],
    ['what is not set', { secret: ['NOT_SET'] }, /no NOT_SET in this environment/],
    ['no file', { secret: ['A=@/nowhere/file'] }, /value of A cannot be read from \/nowhere\/file/],
    ['no file of secrets', { 'secrets-file': '/nowhere/file' }, /\/nowhere\/file cannot be read/],
    ['one name twice', { secrets: '{"A":"1"}', secret: ['A'] }, /The secret A is given twice/],
    ['something else than texts', { secrets: '{"A":1}' }, /The secret A must be a text/],
    ['no object', { secrets: '["hunter2"]' }, /must be one JSON object/],
    ['no JSON', { secrets: 'hunter2' }, /not valid JSON/],
  ])('are refused where they are %s, without showing a value', async (_, flags, message) => {
    const refused = secretsOf(flags, { A: 'x' });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  it.each([['hunter2'], ['1A=hunter2'], ['a b=hunter2']])('are refused in a file of %s', async (content) => {
    const refused = secretsOf({ 'secrets-file': await file(content) });
    await expect(refused).rejects.toThrow(/not understood/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  it('are refused where they are no text', async () => {
    const path = await file(new Uint8Array([0xff, 0xfe, 0x00]));
    await expect(secretsOf({ secret: [`A=@${path}`] })).rejects.toThrow(/value of A cannot be read/);
  });
});
