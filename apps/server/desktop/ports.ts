import type { Computers } from '#computers';

/** What the server needs of the computers. */
export type DesktopComputers = Pick<Computers, 'screenshot' | 'connectDesktop'>;
