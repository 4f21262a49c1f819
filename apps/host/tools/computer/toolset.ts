import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { InputAction, MouseButton } from '#computers';
import { answer, mistake, type Tool, type ToolAnswer, type ToolContext } from '../tool.js';
import * as inputs from './inputs.js';
import type { ScreenLimits } from './limits.js';
import { takePicture } from './picture.js';
import type { Settling } from './settling.js';

/** `computer_toolset_20260801`: the members that its configuration leaves on, by name. */
export function computerToolset(
  configs: unknown,
  limits: ScreenLimits,
  settling: Settling,
): [member: string, tool: Tool][] {
  const off = switchedOff(configs);
  return Object.entries(members(limits, settling)).filter(([member]) => !off.has(member));
}

function members(limits: ScreenLimits, settling: Settling): Record<string, Tool> {
  const act = async (context: ToolContext, action: InputAction, done: string): Promise<ToolAnswer> => {
    const { sessionId, computers, signal } = context;
    try {
      await computers.input(sessionId, action, { signal });
    } finally {
      settling.disturbed(sessionId);
    }
    return answer(done);
  };
  const click = (button: MouseButton, times: 1 | 2 | 3, done: string): Tool =>
    member(inputs.maybeAtPoint, ({ coordinate, text }, context) =>
      act(context, { do: 'click', button, times, at: coordinate, held: text }, done),
    );
  const button = (press: 'press' | 'release', done: string): Tool =>
    member(inputs.nothing, (_input, context) => act(context, { do: press, button: 'left' }, done));

  return {
    key: member(inputs.key, ({ text, repeat = 1 }, context) =>
      act(context, { do: 'key', keys: text, repeat }, `Pressed ${text}${times(repeat)}.`),
    ),
    hold_key: member(inputs.holdKey, ({ text, duration }, context) => {
      const { seconds, note } = atMost(duration, limits.maxHoldSeconds, 'hold');
      const done = `Held ${text} for ${seconds} s${note}.`;
      return act(context, { do: 'hold', keys: text, ms: Math.round(seconds * 1000) }, done);
    }),
    type: member(inputs.typed(limits.maxTextLength), ({ text }, context) =>
      act(context, { do: 'type', text }, `Typed ${[...text].length} characters.`),
    ),
    cursor_position: member(inputs.nothing, async (_input, { sessionId, computers }) => {
      const [x, y] = await computers.pointer(sessionId);
      return answer(`X=${x},Y=${y}`);
    }),
    mouse_move: member(inputs.atPoint, ({ coordinate }, context) =>
      act(context, { do: 'move', to: coordinate }, `The pointer is at ${coordinate.join(', ')}.`),
    ),
    left_mouse_down: button('press', 'The left button is down.'),
    left_mouse_up: button('release', 'The left button is up.'),
    left_click: click('left', 1, 'Clicked.'),
    right_click: click('right', 1, 'Clicked with the right button.'),
    middle_click: click('middle', 1, 'Clicked with the middle button.'),
    double_click: click('left', 2, 'Clicked twice.'),
    triple_click: click('left', 3, 'Clicked three times.'),
    left_click_drag: member(inputs.drag, ({ start_coordinate: from, coordinate: to, text }, context) =>
      act(context, { do: 'drag', from, to, held: text }, `Dragged to ${to.join(', ')}.`),
    ),
    scroll: member(
      inputs.scroll,
      ({ scroll_direction: direction, scroll_amount: amount, coordinate, text }, context) =>
        act(
          context,
          { do: 'scroll', direction, amount, at: coordinate, held: text },
          `Scrolled ${direction}.`,
        ),
    ),
    wait: member(inputs.wait, async ({ duration }, { signal }) => {
      const { seconds, note } = atMost(duration, limits.maxWaitSeconds, 'wait');
      await delay(seconds * 1000, undefined, { signal });
      return answer(`Waited ${seconds} s${note}.`);
    }),
    screenshot: member(inputs.nothing, async (_input, context) =>
      answer([await takePicture(context, settling)]),
    ),
    zoom: member(inputs.zoom, async ({ region }, context) =>
      answer([await takePicture(context, settling, region)]),
    ),
  };
}

function member<T extends z.ZodType>(
  schema: T,
  use: (input: z.infer<T>, context: ToolContext) => Promise<ToolAnswer>,
): Tool {
  return async (input, context) => {
    const wanted = schema.safeParse(input);
    if (!wanted.success)
      return mistake(`Nothing was done; the input is not right: ${z.prettifyError(wanted.error)}`);
    return use(wanted.data, context);
  };
}

function atMost(wanted: number, max: number, what: string): { seconds: number; note: string } {
  return wanted <= max
    ? { seconds: wanted, note: '' }
    : { seconds: max, note: `, the longest that one ${what} may take; do it again if that is not enough` };
}

function times(repeat: number): string {
  return repeat === 1 ? '' : ` ${repeat} times`;
}

function switchedOff(configs: unknown): Set<string> {
  if (typeof configs !== 'object' || configs === null) return new Set();
  const off = Object.entries(configs).filter(
    ([, config]: [string, { enabled?: unknown } | null]) => config?.enabled === false,
  );
  return new Set(off.map(([name]) => name));
}
