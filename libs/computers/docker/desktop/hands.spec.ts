import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { describeDesktop } from './testing/desktop.js';

await describeDesktop('hands at the screen of a container', (fixture) => {
  /** Writes what happens in a window at (100, 100) to data/events. */
  async function recording(id: string): Promise<void> {
    await fixture.computers.pointer(id);
    await fixture.output(id, 'stdbuf -oL xev -geometry 800x500+100+100 >data/events 2>&1 &');
    await fixture.until(id, 'wmctrl -l | grep -q "Event Tester" && grep -q VisibilityNotify data/events');
    await fixture.do(id, { do: 'move', to: [200, 200] });
    await fixture.until(id, 'grep -q EnterNotify data/events');
  }

  /** The events of some kinds since the last marker, once the marker has come. */
  async function events(id: string, kinds: string): Promise<string[]> {
    await fixture.do(id, { do: 'key', keys: 'F12', repeat: 1 });
    await fixture.until(id, 'grep -q "keysym 0xffc9, F12" data/events');
    const lines = await fixture.output(
      id,
      `grep -A3 -E '^(${kinds}) event' data/events | grep -E 'root:|state'`,
    );
    return lines.trim().split('\n');
  }

  it('types any text as it is', async () => {
    const id = await fixture.running();
    await fixture.terminal(id);
    const text =
      'Grüße, ÄÖÜ ß € «x» ~`!@#$%^&*()_+{}|:"<>?[]\\;\',./ =-\nкЖ Ωω 日本語 中文 😀 éñÑŸÿ …–—“”\n' +
      Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('') +
      '\n';
    await fixture.do(
      id,
      { do: 'type', text: 'cat >data/typed\n' },
      { do: 'type', text },
      { do: 'key', keys: 'ctrl+d', repeat: 1 },
      { do: 'type', text: 'touch data/done\n' },
    );
    await fixture.until(id, 'test -e data/done');
    expect(await fixture.output(id, 'cat data/typed')).toBe(text);
  });

  it('presses combinations, and names of any case', async () => {
    const id = await fixture.running();
    await fixture.terminal(id);
    await fixture.do(
      id,
      { do: 'type', text: 'echo wrong' },
      { do: 'key', keys: 'ctrl+U', repeat: 1 },
      { do: 'type', text: 'echo abcd >data/keys' },
      { do: 'key', keys: 'home', repeat: 1 },
      { do: 'key', keys: 'RIGHT', repeat: 5 },
      { do: 'key', keys: 'Delete', repeat: 2 },
      { do: 'key', keys: '+', repeat: 1 },
      { do: 'key', keys: 'enter', repeat: 1 },
    );
    await fixture.until(id, 'test -s data/keys');
    expect(await fixture.output(id, 'cat data/keys')).toBe('+cd\n');
  });

  it('clicks where it is told, as often, with keys held', async () => {
    const id = await fixture.running();
    await recording(id);
    await fixture.do(id, { do: 'click', button: 'right', times: 2, at: [300, 350], held: 'ctrl+shift' });
    expect(await fixture.computers.pointer(id)).toEqual([300, 350]);
    const seen = await events(id, 'ButtonPress|ButtonRelease');
    expect(seen.filter((line) => line.includes('root:(300,350)'))).toHaveLength(4);
    expect(seen.filter((line) => /state 0x5, button 3/.test(line))).toHaveLength(2);
  });

  it('drags, scrolls, presses and releases', async () => {
    const id = await fixture.running();
    await recording(id);
    await fixture.do(
      id,
      { do: 'drag', from: [200, 200], to: [500, 400] },
      { do: 'scroll', direction: 'down', amount: 3, at: [400, 300] },
      { do: 'press', button: 'middle' },
      { do: 'release', button: 'middle' },
    );
    const seen = (await events(id, 'ButtonPress|ButtonRelease')).join('\n');
    expect(seen).toMatch(/root:\(200,200\)[^]*button 1[^]*root:\(500,400\)[^]*button 1/);
    expect(seen.match(/button 5/g)).toHaveLength(6);
    expect(seen.match(/button 2/g)).toHaveLength(2);
  });

  it('lets go of everything when it is aborted', async () => {
    const id = await fixture.running();
    await recording(id);
    const abort = new AbortController();
    const reason = new Error('enough');
    const holding = fixture.computers.input(id, { do: 'hold', keys: 'shift+b', ms: 60_000 }, abort);
    await fixture.until(id, 'grep -q "keysym 0x42, B" data/events');
    abort.abort(reason);
    await expect(holding).rejects.toBe(reason);
    expect(await downKeys(id)).toBe('');
    await fixture.do(id, { do: 'type', text: 'b' });
    await fixture.until(id, 'grep -q "keysym 0x62, b" data/events');
  });

  it('lets go of the keys of a service that was ended', async () => {
    const id = await fixture.running();
    const service = fixture.others({});
    const holding = service.input(id, { do: 'hold', keys: 'a', ms: 60_000 }).catch((error: unknown) => error);
    while ((await downKeys(id)) === '') await delay(10);
    await service.dispose();
    expect(await holding).toMatchObject({ code: 'desktop_failed' });
    await fixture.do(id, { do: 'move', to: [1, 1] });
    expect(await downKeys(id)).toBe('');
  });

  it('looks while hands are busy', async () => {
    const id = await fixture.running();
    const abort = new AbortController();
    const holding = fixture.computers.input(id, { do: 'hold', keys: 'a', ms: 60_000 }, abort);
    while ((await downKeys(id)) === '') await delay(10);
    expect((await fixture.computers.screenshot(id)).width).toBe(1280);
    abort.abort();
    await expect(holding).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('refuses what no hand can do, before anything is pressed', async () => {
    const id = await fixture.running();
    await recording(id);
    for (const action of [
      { do: 'move', to: [1280, 0] },
      { do: 'key', keys: 'ctrl+nosuchkey', repeat: 1 },
      { do: 'key', keys: 'ctrl+', repeat: 1 },
      { do: 'click', button: 'left', times: 1, at: [300, 300], held: 'shift+nosuchkey' },
      { do: 'type', text: 'good\u0007' },
    ] as const) {
      await expect(fixture.computers.input(id, action)).rejects.toMatchObject({ code: 'command_refused' });
    }
    expect(await fixture.computers.pointer(id)).toEqual([200, 200]);
    expect((await events(id, 'ButtonPress|KeyPress')).join('\n')).not.toMatch(
      /Control_L|Shift_L|button|keysym 0x67/,
    );
  });

  /** Codes of the keys that are down, each on a line. */
  async function downKeys(id: string): Promise<string> {
    const program =
      'from Xlib.display import Display; print(*(c for c in range(256) if Display().query_keymap()[c // 8] >> c % 8 & 1))';
    await fixture.computers.pointer(id);
    return (await fixture.output(id, `python3 -c '${program}'`)).trim();
  }
});
