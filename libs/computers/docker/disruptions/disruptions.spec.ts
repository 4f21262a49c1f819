import { expect, it } from '@jest/globals';
import type { Disruption } from '../../computer.js';
import { LIMITS, describeWithDocker } from '../testing/computers.js';

type Told = Disruption & { sessionId: string; running: boolean };

await describeWithDocker('what happens to containers by themselves', (fixture) => {
  /** What is told while the task runs, and until the condition holds. */
  async function toldDuring(task: () => Promise<unknown>, sessionId: string): Promise<Told[]> {
    const told: Told[] = [];
    const ending = new AbortController();
    const { promise: marked, resolve } = Promise.withResolvers<void>();
    const marker = await fixture.running();
    fixture.computers.watch((id, disruption) => {
      if (id === marker) resolve();
      else told.push({ sessionId: id, ...disruption });
    }, ending.signal);
    try {
      await task();
      // Events come in order: when this end is told, all before it were.
      await fixture.docker.getContainer(`raworc_session_${marker}`).kill();
      await marked;
    } finally {
      ending.abort();
    }
    return told.filter((each) => each.sessionId === sessionId);
  }
  const engineOf = (id: string) => fixture.docker.getContainer(`raworc_session_${id}`);

  it('is told when one is killed by hand, and known afterwards, until it is started again', async () => {
    const id = await fixture.running();
    const told = await toldDuring(() => engineOf(id).kill(), id);
    expect(told).toEqual([
      { sessionId: id, reason: 'killed', detail: expect.stringContaining('137'), running: false },
    ]);
    for (const computers of [fixture.computers, fixture.others({})]) {
      expect(await computers.inspect(id)).toMatchObject({ running: false, disrupted: { reason: 'killed' } });
      expect((await computers.list()).find(({ sessionId }) => sessionId === id)?.disrupted?.reason).toBe(
        'killed',
      );
    }
    await fixture.computers.start(id);
    expect((await fixture.computers.inspect(id))?.disrupted).toBeUndefined();
  });

  it('is told when one is stopped or removed by hand', async () => {
    const [stopped, removed] = [await fixture.running(), await fixture.running()];
    expect(await toldDuring(() => engineOf(stopped).stop({ t: 5 }), stopped)).toMatchObject([
      { reason: 'exited', running: false },
    ]);
    expect(await toldDuring(() => engineOf(removed).remove({ force: true }), removed)).toMatchObject([
      { reason: 'killed', running: false },
    ]);
  });

  it('is told when a program takes more memory than there is, while the computer runs on', async () => {
    const id = await fixture.running({ limits: { memoryMb: 96 } });
    const bomb = () => fixture.bash(id, `python3 -c 'x = bytearray(400 << 20)'`);
    expect(await toldDuring(bomb, id)).toEqual([
      { sessionId: id, reason: 'out_of_memory', detail: expect.stringContaining('memory'), running: true },
    ]);
    expect(await fixture.computers.inspect(id)).toMatchObject({ running: true });
  });

  it('is told when want of memory ends the computer itself', async () => {
    const id = await fixture.running({ limits: { memoryMb: 96 }, root: true });
    // Several of which none is as large as what the kernel is told of the keeper.
    const bombs = `for i in 1 2 3 4; do python3 -c 'x = bytearray(30 << 20); input()' < <(sleep 60) & done; wait`;
    const doomed = `echo 1000 > /proc/$(pgrep -of raworc-keeper -P 1)/oom_score_adj; ${bombs}`;
    const end = async (): Promise<void> => {
      await fixture.bash(id, doomed);
      await engineOf(id).wait();
    };
    // On a busy machine the end is seen later than the want, which is told by itself then.
    expect((await toldDuring(end, id)).at(-1)).toMatchObject({ reason: 'out_of_memory', running: false });
  });

  it('is nothing that the driver does itself', async () => {
    const id = await fixture.running({ root: true });
    const told = await toldDuring(async () => {
      await fixture.output(id, 'sleep 300 & touch /opt/x');
      await fixture.computers.stop(id);
      expect((await fixture.computers.inspect(id))?.disrupted).toBeUndefined();
      await fixture.computers.start(id);
      const { snapshotId } = await fixture.computers.snapshot(id);
      await fixture.computers.restoreSnapshot(id, snapshotId);
      await fixture.computers.exec(id, ['true'], LIMITS);
      await fixture.computers.destroy(id);
    }, id);
    expect(told).toEqual([]);
    expect(await fixture.computers.inspect(id)).toBeUndefined();
  });
});
