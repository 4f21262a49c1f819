import { expect } from '@jest/globals';
import type { ComputerSpec, Computers } from '../../../computer.js';
import type { InputAction, Screenshot } from '../../../desktop.js';
import { DESKTOP_IMAGE } from '../../images/recipes.js';
import { type DockerFixture, LIMITS, describeWithDocker } from '../../testing/computers.js';

type Color = [red: number, green: number, blue: number];

export interface DesktopFixture extends DockerFixture {
  /** Runs a shell command in the computer until it succeeds. */
  until(sessionId: string, condition: string): Promise<void>;
  do(sessionId: string, ...actions: InputAction[]): Promise<void>;
  /** Decodes a picture, in the computer. */
  decoded(sessionId: string, shot: Screenshot, at: readonly [number, number]): Promise<Decoded>;
  /** A terminal at the top left that has the focus. */
  terminal(sessionId: string): Promise<void>;
}

export interface Decoded {
  format: string;
  size: [width: number, height: number];
  color: Color;
}

const DECODE = `
import json, sys
from PIL import Image
image = Image.open('data/picture.jpg')
format, size = image.format, image.size
color = image.convert('RGB').getpixel((int(sys.argv[1]), int(sys.argv[2])))
print(json.dumps({'format': format, 'size': size, 'color': color}))
`;

/** Describes what needs an engine and the image with a desktop; without them it says so in one line. */
export function describeDesktop(name: string, suite: (fixture: DesktopFixture) => void): Promise<void> {
  return describeWithDocker(name, (fixture) => suite(withDesktop(fixture)), DESKTOP_IMAGE);
}

function withDesktop(fixture: DockerFixture): DesktopFixture {
  const python = async (computers: Computers, id: string, program: string, ...args: string[]) => {
    const result = await computers.exec(id, ['python3', '-c', program, ...args], LIMITS);
    expect(result).toMatchObject({ outcome: 'exited', exitCode: 0 });
    return JSON.parse(result.output) as unknown;
  };
  const until = async (id: string, condition: string): Promise<void> => {
    await fixture.output(id, `until { ${condition}; } >/dev/null 2>&1; do sleep 0.05; done`);
  };
  return {
    docker: fixture.docker,
    bash: (...parameters) => fixture.bash(...parameters),
    output: (...parameters) => fixture.output(...parameters),
    others: (options) => fixture.others(options),
    get computers() {
      return fixture.computers;
    },
    get home() {
      return fixture.home;
    },
    running: (spec: Partial<ComputerSpec> = {}) => fixture.running({ image: DESKTOP_IMAGE, ...spec }),
    until,
    async do(id, ...actions) {
      for (const action of actions) await fixture.computers.input(id, action);
    },
    async decoded(id, shot, [x, y]) {
      await fixture.computers.writeFile(id, 'data/picture.jpg', shot.bytes);
      return (await python(fixture.computers, id, DECODE, String(x), String(y))) as Decoded;
    },
    async terminal(id) {
      await fixture.computers.pointer(id);
      await fixture.output(id, 'xterm -T terminal -geometry 80x20+20+20 >/dev/null 2>&1 &');
      await until(id, 'wmctrl -l | grep -q terminal');
      await fixture.computers.input(id, { do: 'click', button: 'left', times: 1, at: [200, 200] });
      await until(id, '[ "$(xdotool getwindowname "$(xdotool getwindowfocus)")" = terminal ]');
    },
  };
}

/** True when a color is the expected one but for what JPEG loses. */
export function isLike(color: Color, expected: Color): boolean {
  return color.every((part, index) => Math.abs(part - (expected[index] ?? 0)) <= 12);
}
