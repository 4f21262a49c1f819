import { Duplex } from 'node:stream';
import { ComputerError, SCREEN, type Computers, type InputAction, type Point, type Region } from '#computers';

/** What came to the screen, and when (milliseconds of this process's clock). */
export type ScreenEvent = { at: number } & (
  { saw: 'input'; action: InputAction } | { saw: 'screenshot'; region?: Region }
);

export interface Screen {
  events: ScreenEvent[];
  /** Called with every action before it is taken in; may throw or take its time. */
  onInput: (action: InputAction, sessionId: string) => void | Promise<void>;
  actions(): InputAction[];
  /** Bytes of the next pictures, at least. */
  pictureBytes: number;
}

/**
 * Gives computers without a desktop a screen in memory: it stands in for the hardware. Each picture of it shows a
 * number, how many actions the screen has taken in.
 */
export function withScreen(computers: Computers): { computers: Computers; screen: Screen } {
  const events: ScreenEvent[] = [];
  const actions = (): InputAction[] =>
    events.flatMap((event) => (event.saw === 'input' ? [event.action] : []));
  const screen: Screen = { events, onInput: () => undefined, actions, pictureBytes: 0 };
  let pointer: Point = [SCREEN.width / 2, SCREEN.height / 2];

  const requireRunning = async (sessionId: string): Promise<void> => {
    const info = await computers.inspect(sessionId);
    if (info?.running !== true) throw new ComputerError('computer_not_running', 'The computer is stopped.');
  };
  const desktop: Pick<Computers, 'screenshot' | 'input' | 'pointer' | 'connectDesktop'> = {
    async screenshot(sessionId, options = {}) {
      await requireRunning(sessionId);
      const { region } = options;
      events.push({ at: performance.now(), saw: 'screenshot', ...(region === undefined ? {} : { region }) });
      const label = `picture ${actions().length} ${region?.join() ?? ''}`;
      const bytes = new TextEncoder().encode(label.padEnd(screen.pictureBytes));
      return { mediaType: 'image/jpeg', bytes, width: SCREEN.width, height: SCREEN.height };
    },
    async input(sessionId, action) {
      await requireRunning(sessionId);
      if (action.do === 'key' && action.keys === 'NoSuchKey') {
        throw new ComputerError('command_refused', `${action.keys} is not a key.`);
      }
      await screen.onInput(action, sessionId);
      if (action.do === 'move') pointer = action.to;
      events.push({ at: performance.now(), saw: 'input', action });
    },
    async pointer(sessionId) {
      await requireRunning(sessionId);
      return pointer;
    },
    connectDesktop: () => Promise.resolve(new Duplex({ read() {}, write: (_c, _e, done) => done() })),
  };
  const wrapped = new Proxy(computers, {
    get(target, name) {
      if (name === 'abilities') return { ...target.abilities, desktop: true };
      if (name in desktop) return desktop[name as keyof typeof desktop];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  return { computers: wrapped, screen };
}
