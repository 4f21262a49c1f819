import { expect, it } from '@jest/globals';
import { LIMITS } from '../testing/computers.js';
import { describeDesktop, isLike } from './testing/desktop.js';

await describeDesktop('the screen of a container', (fixture) => {
  const DESKTOP_PROCESSES = 'ps -C Xvfb,openbox,x11vnc -o pid=';

  it('shows what is drawn, as a JPEG of the size of the screen', async () => {
    const id = await fixture.running();
    await fixture.computers.pointer(id);
    await fixture.output(id, 'xsetroot -solid "#cc2200"');
    const shot = await fixture.computers.screenshot(id);
    expect(shot).toMatchObject({ mediaType: 'image/jpeg', width: 1280, height: 720 });
    const { format, size, color } = await fixture.decoded(id, shot, [100, 100]);
    expect({ format, size }).toEqual({ format: 'JPEG', size: [1280, 720] });
    expect(isLike(color, [0xcc, 0x22, 0])).toBe(true);
  });

  it('enlarges a region as far as its shape allows', async () => {
    const id = await fixture.running();
    await fixture.computers.pointer(id);
    await fixture.output(
      id,
      'xsetroot -solid black; xterm -T blue -geometry 10x4+0+0 -bg "#0000cc" -e sleep 60 >/dev/null 2>&1 &',
    );
    await fixture.until(id, 'wmctrl -l | grep -q blue');
    const tall = await fixture.computers.screenshot(id, { region: [4, 26, 24, 46] });
    expect([tall.width, tall.height]).toEqual([720, 720]);
    const wide = await fixture.computers.screenshot(id, { region: [400, 600, 800, 700] });
    expect([wide.width, wide.height]).toEqual([1280, 320]);
    const { size, color } = await fixture.decoded(id, wide, [640, 160]);
    expect(size).toEqual([1280, 320]);
    expect(isLike(color, [0, 0, 0])).toBe(true);
    await expect(fixture.computers.screenshot(id, { region: [0, 0, 1281, 10] })).rejects.toMatchObject({
      code: 'command_refused',
    });
  });

  it('starts with the first use, not before', async () => {
    const id = await fixture.running();
    expect((await fixture.bash(id, DESKTOP_PROCESSES)).output).toBe('');
    await fixture.computers.screenshot(id);
    expect((await fixture.output(id, DESKTOP_PROCESSES)).trim().split('\n')).toHaveLength(2);
  });

  it('starts once for many who use it first, of several services too', async () => {
    const id = await fixture.running();
    const other = fixture.others({});
    const uses = [fixture.computers, other, fixture.computers, other].map((computers) =>
      computers.screenshot(id),
    );
    for (const shot of await Promise.all(uses)) expect(shot.width).toBe(1280);
    expect((await fixture.output(id, DESKTOP_PROCESSES)).trim().split('\n')).toHaveLength(2);
  });

  it('outlives the service and is found by the next', async () => {
    const id = await fixture.running();
    const service = fixture.others({});
    await service.input(id, { do: 'move', to: [321, 123] });
    const before = await fixture.output(id, DESKTOP_PROCESSES);
    await service.dispose();
    expect(await fixture.computers.pointer(id)).toEqual([321, 123]);
    expect(await fixture.output(id, DESKTOP_PROCESSES)).toBe(before);
  });

  it('is started again when it was killed, hangs, or its computer was stopped', async () => {
    const id = await fixture.running();
    await fixture.computers.screenshot(id);
    await fixture.output(id, 'pkill -KILL -x Xvfb; until ! pgrep -x Xvfb; do sleep 0.02; done');
    expect(await fixture.computers.screenshot(id)).toMatchObject({ width: 1280 });
    await fixture.output(id, 'pkill -KILL -x openbox; until ! pgrep -x openbox; do sleep 0.02; done');
    await fixture.computers.input(id, { do: 'move', to: [10, 20] });
    expect((await fixture.output(id, DESKTOP_PROCESSES)).trim().split('\n')).toHaveLength(2);
    await fixture.computers.stop(id);
    await expect(fixture.computers.screenshot(id)).rejects.toMatchObject({ code: 'computer_not_running' });
    await fixture.computers.start(id);
    expect((await fixture.bash(id, DESKTOP_PROCESSES)).output).toBe('');
    expect(await fixture.computers.screenshot(id)).toMatchObject({ width: 1280 });
  });

  it('says why it does not start', async () => {
    const id = await fixture.running();
    const broken = `printf '#!/bin/sh\\necho no memory for the screen; exit 1\\n' >/usr/bin/Xvfb`;
    await fixture.computers.exec(id, ['bash', '-c', broken], { ...LIMITS, root: true });
    const failure = fixture.computers.screenshot(id);
    await expect(failure).rejects.toMatchObject({ code: 'desktop_failed' });
    await expect(failure).rejects.toThrow('no memory for the screen');
  });

  it('runs without rights, and says that an image has no desktop', async () => {
    const id = await fixture.running();
    await fixture.computers.screenshot(id);
    const status = await fixture.output(id, 'cat /proc/$(pgrep -x Xvfb)/status');
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    expect(status).toMatch(/^Uid:\t1000\t/m);
    const bare = await fixture.running({ image: undefined });
    for (const use of [
      fixture.computers.screenshot(bare),
      fixture.computers.pointer(bare),
      fixture.computers.input(bare, { do: 'key', keys: 'a', repeat: 1 }),
      fixture.computers.connectDesktop(bare, { control: true }),
    ]) {
      await expect(use).rejects.toMatchObject({ code: 'no_desktop' });
    }
  });
});
