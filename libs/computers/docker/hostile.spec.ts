import { expect, it } from '@jest/globals';
import { DESKTOP_IMAGE } from './images/recipes.js';
import { describeWithDocker } from './testing/computers.js';

const IMPOSTOR = `mkdir -p .local/bin; printf '#!/bin/sh\\necho an impostor\\n' >.local/bin/NAME; chmod +x .local/bin/NAME`;
const impostor = (name: string): string => IMPOSTOR.replaceAll('NAME', name);

await describeWithDocker('a session that is in the way', (fixture) => {
  it('does not put programs of its own in the place of ours', async () => {
    const id = await fixture.running();
    await fixture.output(id, `${impostor('python3')}; python3 | grep impostor; echo hello >data/file`);
    const content = await fixture.computers.readFile(id, 'data/file');
    expect(Buffer.from(content).toString()).toBe('hello\n');
    const late = await fixture.bash(id, 'sleep 100', 200);
    expect(late).toMatchObject({ outcome: 'timed_out' });
    expect(late.tookMs).toBeLessThan(5_000);
    expect(await fixture.output(id, 'pgrep sleep || echo none')).toBe('none\n');
  });

  it('does not outlast the limit of a command by halting what ends it', async () => {
    const id = await fixture.running();
    await fixture.output(id, '(while :; do pkill -STOP python3; sleep 0.01; done) >/dev/null 2>&1 &');
    const { outcome, tookMs } = await fixture.bash(id, 'sleep 100', 200);
    expect(outcome).toBe('timed_out');
    expect(tookMs).toBeLessThan(30_000);
    expect(await fixture.output(id, 'pgrep sleep || echo none')).toBe('none\n');
  });

  it('does not keep its own files, though it is root and has changed every program', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(
      id,
      `echo mine >data/file; rm /usr/bin/python3; printf '#!/bin/sh\\necho lies\\n' >/usr/bin/python3; chmod +x /usr/bin/python3`,
    );
    await fixture.computers.stop(id);
    expect(await fixture.computers.snapshot(id)).toMatchObject({ digest: expect.stringMatching(/^\w{64}$/) });
  });

  it('does not hold up a remix of it by a shell that never ends', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(
      id,
      `echo kept >/opt/f; printf '#!/bin/bash\\nsleep 1000\\n' >/bin/endless; chmod +x /bin/endless; mv /bin/endless /bin/sh`,
    );
    const remix = `remix-${id}`;
    await fixture.computers.create({ sessionId: remix });
    await fixture.computers.copyFrom(remix, { sessionId: id }, { data: true, code: true });
    const [image] = await fixture.docker.listImages({ filters: { label: [`raworc.session=${remix}`] } });
    expect(image).toBeDefined();
  });

  it('does not hold up the end of its computer by halting what runs there', async () => {
    const id = await fixture.running();
    const logger = '[t]ail ---disable-inotify';
    await fixture.output(id, `until pgrep -f '${logger}'; do sleep 0.05; done; pkill -STOP -f '${logger}'`);
    const begun = performance.now();
    await fixture.computers.stop(id);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(await fixture.computers.inspect(id)).not.toHaveProperty('disrupted');
  });
});

await describeWithDocker(
  'a session with a screen that is in the way',
  (fixture) => {
    it('does not put programs of its own in the place of ours', async () => {
      const id = await fixture.running({ image: DESKTOP_IMAGE });
      await fixture.output(id, `${impostor('python3')}; ${impostor('start-desktop')}; ${impostor('x11vnc')}`);
      expect((await fixture.computers.screenshot(id)).bytes.length).toBeGreaterThan(1_000);
      const screen = await fixture.computers.connectDesktop(id, { control: false });
      const said = await new Promise<Buffer>((resolve) => screen.once('data', resolve));
      expect(said.toString('latin1')).toBe('RFB 003.008\n');
      screen.destroy();
    });

    it('does not pass off anything as a picture', async () => {
      const id = await fixture.running({ image: DESKTOP_IMAGE });
      await fixture.computers.pointer(id);
      const helper = `$(pgrep -of 'python3 -I -S')`;
      await fixture.output(id, `kill -STOP ${helper}`);
      const refused = expect(fixture.computers.screenshot(id)).rejects.toMatchObject({
        code: 'desktop_failed',
      });
      await fixture.output(id, `printf '{"id":2,"bytes":3}\\nlie' >/proc/${helper}/fd/1`);
      await refused;
    });
  },
  DESKTOP_IMAGE,
);
