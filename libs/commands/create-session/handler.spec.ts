import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startCommands, user, type CommandsKit } from '../testing/commands-kit.js';

describe('CreateSession', () => {
  let kit: CommandsKit;
  beforeEach(async () => {
    kit = await startCommands();
  });
  afterEach(() => kit.stop());

  it('begins a session with a friendly name and the pinned profile', async () => {
    const { sessionId, state } = await kit.create();
    expect(state.name).toMatch(/^[a-z]+-[a-z]+-\d\d$/);
    const [created] = await kit.history(sessionId);
    expect(created).toMatchObject({ type: 'session.created', sessionversion: 1, actor: 'user:local' });
    expect(created?.data).toMatchObject({ model: 'm', timeout_seconds: 300, tools: [{ name: 'bash' }, {}] });
  });

  it('posts the prompt in the same append', async () => {
    const { sessionId, version } = await kit.create({ prompt: 'hello' });
    expect(await kit.types(sessionId)).toEqual(['session.created', 'message.posted']);
    expect(version).toBe(2);
  });

  it('adds instructions to the pinned prompt', async () => {
    const { sessionId } = await kit.create({ instructions: 'Be brief.' });
    const [created] = await kit.history(sessionId);
    expect(JSON.stringify(created?.data)).toContain('Instructions for this session:\\nBe brief.');
  });

  it('keeps secrets out of the log in the clear', async () => {
    const { sessionId } = await kit.create({ secrets: { DB: 'swordfish' } });
    const [created] = await kit.history(sessionId);
    expect(JSON.stringify(created)).not.toContain('swordfish');
    if (created?.type !== 'session.created') throw new Error('no session.created');
    expect(await kit.vault.open(sessionId, created.data.secrets)).toEqual({ DB: 'swordfish' });
  });

  it('lets one of many have a name', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => kit.create({ name: 'wanted' })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({
      code: 'name_taken',
      message: expect.stringContaining('"wanted"'),
    });
  });

  it('creates once per idempotency key, even at the same moment, and refuses another body', async () => {
    const once = { ...user, idempotency: { key: 'k1', hash: 'a' } };
    const [first, second] = await Promise.all([kit.create({}, once), kit.create({}, once)]);
    const third = await kit.create({}, once);
    expect(second.sessionId).toBe(first.sessionId);
    expect(third).toMatchObject({ sessionId: first.sessionId, replayed: true });
    await expect(kit.create({}, { ...user, idempotency: { key: 'k1', hash: 'b' } })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });
});

describe('CreateSession without a key of the service', () => {
  it('needs a key in the session', async () => {
    const kit = await startCommands({ hasModelKey: false });
    await expect(kit.create({ name: 'free' })).rejects.toMatchObject({ code: 'model_key_missing' });
    await expect(kit.create({ name: 'free', secrets: { ANTHROPIC_API_KEY: 'k' } })).resolves.toBeDefined();
    await kit.stop();
  });

  it.each([
    [{ limits: { memory_mb: 512 } }, 'limit of memory'],
    [{ limits: { cpus: 1 } }, 'limit of cpus'],
    [{ limits: { pids: 100 } }, 'limit of pids'],
    [{ network: 'egress' }, 'network'],
    [{ runtime: 'runsc' }, 'runtime'],
  ] as const)('refuses %j where the computers cannot keep it, and says so', async (request, ability) => {
    const able = await startCommands();
    const { sessionId } = await able.create(request);
    expect((await able.history(sessionId))[0]?.data).toMatchObject(request);
    await able.stop();
    const plain = await startCommands({ defaults: { limits: [], networks: ['none'], runtimes: false } });
    await expect(plain.create(request)).rejects.toMatchObject({
      code: 'computer_ability_missing',
      message: expect.stringContaining(ability),
    });
    await expect(plain.create({ network: 'none' })).resolves.toBeDefined();
    await plain.stop();
  });
});
