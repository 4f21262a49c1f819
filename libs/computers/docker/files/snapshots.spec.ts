import { expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import { LABELS } from '../engine/naming.js';
import { describeWithDocker } from '../testing/computers.js';

/** Says in a file that no more can be started; bash itself would try again for seconds. */
const EXHAUST_PROCESSES = [
  `python3 -c 'import os, time`,
  'try:',
  '  while os.fork(): pass',
  'except OSError:',
  '  print(2, file=open("data/f", "w"))',
  `time.sleep(300)' & true`,
].join('\n');

await describeWithDocker('snapshots of containers', (fixture) => {
  const helpersOf = (id: string) =>
    fixture.docker.listContainers({ all: true, filters: { label: [`${LABELS.helper}=${id}`] } });

  it('are taken by one container, which cannot write the files and ends with the computer', async () => {
    const id = await fixture.running();
    await fixture.computers.snapshot(id);
    const [helper] = await helpersOf(id);
    await fixture.output(id, 'echo 1 > data/f');
    expect(await fixture.computers.snapshot(id)).toMatchObject({
      changed: { added: 1, modified: 0, removed: 0 },
    });
    expect(await helpersOf(id)).toEqual([expect.objectContaining({ Id: helper!.Id })]);
    expect(helper!.Mounts).toContainEqual(expect.objectContaining({ Destination: '/session', RW: false }));
    expect(helper!.HostConfig.NetworkMode).toBe('none');
    expect(helper!.Names).toEqual([expect.stringContaining(`/raworc_helper_${id}_`)]);
    await fixture.computers.stop(id);
    expect(await helpersOf(id)).toEqual([]);
  });

  it('of a computer that stands still leave no container behind', async () => {
    const id = await fixture.running();
    await fixture.computers.stop(id);
    const { digest } = await fixture.computers.snapshot(id);
    expect(await helpersOf(id)).toEqual([]);
    expect(await fixture.computers.snapshot(id)).toMatchObject({
      digest,
      changed: { added: 0, modified: 0, removed: 0 },
    });
  });

  it('are out of reach for root in the session', async () => {
    const id = await fixture.running({ root: true });
    const { snapshotId } = await fixture.computers.snapshot(id);
    expect(await fixture.output(id, 'grep -c raworc_session_snapshots /proc/self/mountinfo || :')).toBe(
      '0\n',
    );
    expect(await fixture.output(id, `find / -xdev -name '*${snapshotId}*'; ls -d /snapshots || :`)).toMatch(
      /^ls: [^\n]*No such file or directory\n$/,
    );
    expect(await fixture.output(id, "ps -eo args | grep -c '[s]napshots' || :")).toBe('0\n');
  });

  it('are taken of a computer that can start no process any more', async () => {
    const id = await fixture.running({ limits: { pids: 20 } });
    await fixture.output(id, 'echo 1 > data/f');
    await fixture.computers.snapshot(id);
    // One that has not needed a pause yet.
    const service = fixture.others({});
    expect(await service.snapshot(id)).toMatchObject({ pausedMs: 0 });
    await fixture.output(
      id,
      `${EXHAUST_PROCESSES}; until read -r said < data/f && ((said == 2)); do :; done`,
    );
    const taken = await service.snapshot(id);
    expect(taken).toMatchObject({ changed: { added: 0, modified: 1, removed: 0 } });
    expect(taken.pausedMs).toBeGreaterThan(0);
  });

  it('go on when the container that takes them was killed', async () => {
    const id = await fixture.running();
    const { digest } = await fixture.computers.snapshot(id);
    const [helper] = await helpersOf(id);
    await fixture.docker.getContainer(helper!.Id).kill();
    await eventually(async () => (await helpersOf(id)).length === 0);
    expect(await fixture.computers.snapshot(id)).toMatchObject({
      digest,
      changed: { added: 0, modified: 0, removed: 0 },
    });
  });

  it('are taken by two services one after the other', async () => {
    const id = await fixture.running();
    await fixture.output(id, 'for n in $(seq 300); do echo $n > data/$n; done');
    const services = [fixture.computers, fixture.others({}), fixture.computers, fixture.others({})];
    const taken = await Promise.all(services.map((computers) => computers.snapshot(id)));
    expect(new Set(taken.map(({ digest }) => digest)).size).toBe(1);
    for (const { snapshotId } of taken) await fixture.computers.restoreSnapshot(id, snapshotId);
    expect(await fixture.output(id, 'ls data | wc -l')).toBe('300\n');
  });

  it('are of nothing once another service has removed the computer', async () => {
    const id = await fixture.running();
    await fixture.computers.snapshot(id);
    await fixture.others({}).destroy(id);
    await expect(fixture.computers.snapshot(id)).rejects.toMatchObject({ code: 'computer_not_found' });
  });
});
