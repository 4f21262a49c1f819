/** What Host does at the screen, for each tool of its computer toolset. */
const ACTIONS: Partial<Record<string, (input: Input) => string>> = {
  key: ({ text, repeat }) =>
    `presses ${said(text)}${typeof repeat === 'number' && repeat > 1 ? ` ${repeat} times` : ''}`,
  hold_key: ({ text, duration }) => `holds ${said(text)} for ${said(duration)} s`,
  type: ({ text }) => `types ${JSON.stringify(text ?? '')}`,
  cursor_position: () => 'looks where the pointer is',
  mouse_move: ({ coordinate }) => `moves the pointer${to(coordinate)}`,
  left_mouse_down: () => 'presses the mouse button',
  left_mouse_up: () => 'releases the mouse button',
  left_click: (input) => `clicks${at(input)}`,
  right_click: (input) => `clicks with the right button${at(input)}`,
  middle_click: (input) => `clicks with the middle button${at(input)}`,
  double_click: (input) => `clicks twice${at(input)}`,
  triple_click: (input) => `clicks three times${at(input)}`,
  left_click_drag: ({ start_coordinate, coordinate }) =>
    `drags from ${said(start_coordinate)}${to(coordinate)}`,
  scroll: (input) => `scrolls ${said(input['scroll_direction'])}${at(input)}`,
  wait: ({ duration }) => `waits ${said(duration)} s`,
  screenshot: () => 'looks at the screen',
  zoom: ({ region }) => `looks closely at ${said(region)}`,
};

type Input = Record<string, unknown>;

/** "clicks at 640,360"; undefined for a tool that is not of the screen. */
export function describeScreenAction(name: string, input: unknown): string | undefined {
  const describe = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  return describe?.(typeof input === 'object' && input !== null ? (input as Input) : {});
}

function at({ coordinate, text }: Input): string {
  const place = coordinate === undefined || coordinate === null ? '' : ` at ${said(coordinate)}`;
  return typeof text === 'string' ? `${place} with ${text}` : place;
}

function to(coordinate: unknown): string {
  return ` to ${said(coordinate)}`;
}

/** The model may write anything; what is no list of numbers and no text is shown as JSON. */
function said(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(',') : (JSON.stringify(value) ?? '?');
}
