import pc from 'picocolors';

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours for one stream: none unless it is a terminal that wants them. */
export function paint(stream: { isTTY?: boolean }): Paint {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && !NO_COLOR && TERM !== 'dumb');
}
