import { expect, it } from '@jest/globals';
import { describeDesktop } from './testing/desktop.js';

const PAGE = `<!doctype html><meta charset="utf-8"><title>waiting</title>
<style>body { margin: 0 } input { display: block; width: 600px; height: 200px; font-size: 40px }</style>
<input oninput="document.title = 'typed ' + this.value">`;

await describeDesktop('the browser of a desktop', (fixture) => {
  it('opens a page from bash, takes clicks and text, and keeps its profile over a stop', async () => {
    const id = await fixture.running();
    await fixture.computers.writeFile(id, 'page.html', PAGE);
    const open = 'browser file:///session/page.html >/dev/null 2>&1 &';
    await fixture.output(id, open);
    await fixture.until(id, 'wmctrl -l | grep -q "waiting - Chromium"');
    await fixture.do(
      id,
      { do: 'click', button: 'left', times: 1, at: [300, 190] },
      { do: 'type', text: 'Grüße 日本 Ω€ "x"' },
    );
    await fixture.until(id, `wmctrl -l | grep -qF 'typed Grüße 日本 Ω€ "x" - Chromium'`);
    const [, , , , width, height] = (await fixture.output(id, 'wmctrl -lG | grep Chromium'))
      .trim()
      .split(/\s+/);
    expect([Number(width), Number(height)]).toEqual([1280, 720]);

    await fixture.computers.stop(id);
    await fixture.computers.start(id);
    await fixture.output(id, open);
    await fixture.until(id, 'wmctrl -l | grep -q "waiting - Chromium"');
    expect(await fixture.output(id, 'wmctrl -l | wc -l')).toBe('1\n');
    // The browser writes it seconds after its start.
    await fixture.until(id, 'test -s .config/chromium/Default/Preferences');
  }, 120_000);

  it('is for sessions of root, too', async () => {
    const id = await fixture.running({ root: true });
    await fixture.computers.writeFile(id, 'page.html', PAGE);
    await fixture.output(id, 'browser file:///session/page.html >/dev/null 2>&1 &');
    await fixture.until(id, 'wmctrl -l | grep -q "waiting - Chromium"');
    expect((await fixture.computers.screenshot(id)).width).toBe(1280);
  }, 120_000);
});
