import { expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import { LABELS } from '../engine/naming.js';
import { describeWithDocker } from '../testing/computers.js';

/** Files of holes that take minutes to read. */
const HOSTILE = 'for n in $(seq 15); do truncate -s 15G data/hole$n; done; mkfifo data/pipe';

await describeWithDocker('a snapshot of a hostile tree', (fixture) => {
  const helpers = (id: string) =>
    fixture.docker.listContainers({ all: true, filters: { label: [`${LABELS.helper}=${id}`] } });
  /** A snapshot whose helper is at work, and how it ends. */
  const taking = async (id: string, signal?: AbortSignal) => {
    const ended = fixture.computers.snapshot(id, { signal }).then(
      () => 'taken',
      (error: { code?: string }) => error.code,
    );
    await eventually(async () => (await helpers(id)).some(({ State }) => State === 'running'));
    return { ended };
  };

  it.each(['stop', 'destroy'] as const)('is ended by %s', async (verb) => {
    const id = await fixture.running();
    await fixture.output(id, HOSTILE);
    const { ended } = await taking(id);
    await fixture.computers[verb](id);
    expect(await ended).toBe('snapshot_aborted');
    expect(await helpers(id)).toEqual([]);
  });

  it('is gone when a stop returns, though its signal ended it a moment before', async () => {
    const id = await fixture.running();
    await fixture.output(id, HOSTILE);
    await fixture.computers.stop(id);
    const abort = new AbortController();
    const { ended } = await taking(id, abort.signal);
    abort.abort();
    await fixture.computers.stop(id);
    expect((await helpers(id)).map(({ State }) => State)).toEqual([]);
    expect(await ended).toBe('snapshot_aborted');
  });

  it('is ended by its signal, after which the computer works and the next snapshot is whole', async () => {
    const id = await fixture.running();
    await fixture.output(id, `${HOSTILE}; echo kept > data/f`);
    const abort = new AbortController();
    const { ended } = await taking(id, abort.signal);
    abort.abort();
    expect(await ended).toBe('snapshot_aborted');
    expect(await fixture.output(id, 'rm data/hole*; echo works')).toBe('works\n');
    expect(await fixture.computers.snapshot(id)).toMatchObject({ files: 1, skippedTotal: 0 });
  });
});
