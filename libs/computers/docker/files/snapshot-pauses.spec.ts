import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import type { Disruption } from '../../computer.js';
import { Pauses } from '../container/pause.js';
import { SessionContainer } from '../container/session-container.js';
import { SESSION_IMAGE, sessionNames } from '../engine/naming.js';
import { describeWithDocker } from '../testing/computers.js';

/** Writes so much that every snapshot finds changes, and needs a pause. */
const BUSY = `{ while :; do date +%N > data/now; done; } >/dev/null 2>&1 & until [ -s data/now ]; do :; done`;

await describeWithDocker('pauses', (fixture) => {
  const container = (id: string) => fixture.docker.getContainer(`raworc_session_${id}`);
  const isPaused = async (id: string) => (await container(id).inspect()).State.Paused;
  const disruptions = (signal: AbortSignal) => {
    const told: (Disruption & { running: boolean })[] = [];
    fixture.computers.watch((_id, disruption) => told.push(disruption), signal);
    return told;
  };

  it('of a snapshot are no disruption, and nothing fails meanwhile', async () => {
    const id = await fixture.running();
    const watching = new AbortController();
    const told = disruptions(watching.signal);
    await fixture.output(id, BUSY);
    const taking = (async () => {
      let paused = 0;
      for (let round = 0; round < 10; round++)
        paused += (await fixture.computers.snapshot(id)).pausedMs > 0 ? 1 : 0;
      return paused;
    })();
    let over = false;
    void taking.finally(() => (over = true));
    let commands = 0;
    while (!over) {
      const results = await Promise.all([
        fixture.computers.exec(id, ['echo', 'exec'], { timeoutMs: 20_000, maxOutputBytes: 100 }),
        fixture.bash(id, 'echo shell'),
        fixture.computers.readFile(id, 'data/now'),
        fixture.computers.inspect(id),
      ]);
      expect(results[0]).toMatchObject({ outcome: 'exited', exitCode: 0 });
      expect(results[1]).toMatchObject({ outcome: 'exited', exitCode: 0 });
      expect(results[3]).toMatchObject({ running: true });
      expect(results[3]).not.toHaveProperty('disrupted');
      commands++;
    }
    expect(await taking).toBeGreaterThan(5);
    expect(commands).toBeGreaterThan(0);
    expect(await isPaused(id)).toBe(false);
    watching.abort();
    expect(told).toEqual([]);
  });

  it('are left out where nothing has changed', async () => {
    const id = await fixture.running();
    await fixture.computers.snapshot(id);
    expect(await fixture.computers.snapshot(id)).toMatchObject({ pausedMs: 0 });
  });

  it('of a remix that copies what was installed meet no start of a process', async () => {
    const source = await fixture.running({ root: true });
    await fixture.output(source, 'head -c 20000000 /dev/urandom > /opt/made');
    await fixture.output(source, BUSY);
    const target = `s${randomUUID()}`;
    await fixture.computers.create({ sessionId: target, root: true });
    let over = false;
    const starting = (async () => {
      while (!over)
        await fixture.computers.exec(source, ['true'], { timeoutMs: 20_000, maxOutputBytes: 100 });
    })();
    for (let round = 0; round < 3; round++) {
      const parts = { data: true, code: true };
      await fixture.computers.copyFrom(target, { sessionId: source }, parts);
      expect(await isPaused(source)).toBe(false);
    }
    over = true;
    await starting;
    await fixture.computers.start(target);
    expect(await fixture.output(target, 'stat -c %s /opt/made')).toBe('20000000\n');
  });

  it('of a service that is killed end at once, and what the session halted itself stays so', async () => {
    const id = await fixture.running();
    await fixture.output(id, BUSY);
    await fixture.output(id, 'sleep 300 & kill -STOP $!; echo $! > data/halted');
    await fixture.computers.snapshot(id);
    const state = 'ps -o stat= -p $(cat data/halted) | cut -c1';
    expect(await fixture.output(id, state)).toBe('T\n');
    const { docker, home } = fixture;
    const limits = { memoryMb: 512, cpus: 1, pids: 100 };
    const engine = { docker, home, image: SESSION_IMAGE, limits, network: 'none' as const, mostLayers: 100 };
    const killed = new Pauses(new SessionContainer(sessionNames(id), engine));
    await killed.during(() => Promise.resolve(killed.close()));
    killed.close();
    expect(await fixture.output(id, state)).toBe('T\n');
  });

  it('by hand are told as such, and end with a start, with all programs as they were', async () => {
    const id = await fixture.running();
    const watching = new AbortController();
    const told = disruptions(watching.signal);
    await fixture.output(id, 'sleep 300 & echo $! > data/pid');
    await container(id).pause();
    await eventually(async () => told.length > 0);
    expect(told).toEqual([expect.objectContaining({ reason: 'paused', running: false })]);
    expect(await fixture.computers.inspect(id)).toMatchObject({
      running: false,
      disrupted: { reason: 'paused' },
    });
    expect(await fixture.computers.start(id)).toMatchObject({ running: true });
    expect(await fixture.output(id, 'kill -0 $(cat data/pid) && echo lives')).toBe('lives\n');
    watching.abort();
  });

  it('by hand do not keep a computer from being stopped or removed', async () => {
    const [stopped, removed] = [await fixture.running(), await fixture.running()];
    await container(stopped).pause();
    await fixture.computers.stop(stopped);
    expect(await fixture.computers.inspect(stopped)).toMatchObject({ running: false });
    await container(removed).pause();
    await fixture.computers.destroy(removed);
    expect(await fixture.computers.inspect(removed)).toBeUndefined();
  });
});
