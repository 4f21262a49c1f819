import type { ComputerInfo, Disruption } from '#computers';
import type { EventData } from '#domain';

/** What a computer told as it happened. `running`: it survived. */
export type Told = Disruption & { running: boolean };

const GONE: Disruption = {
  reason: 'killed',
  detail: 'The computer is gone, and its files with it: somebody removed it.',
};
const UNEXPLAINED: Disruption = {
  reason: 'exited',
  detail: 'The computer stopped, and nobody here had asked it to.',
};

/** What to say on the log of a computer that should run and was disrupted. What it told as it happened counts most. */
export function disruptionOf(
  computer: ComputerInfo | undefined,
  told: Told | undefined,
): EventData['computer.disrupted'] {
  const running = computer?.running === true && told?.running === true;
  const asItHappened = told?.running === running ? told : undefined;
  const found = computer === undefined ? GONE : computer.disrupted;
  const { reason, detail } = asItHappened ?? found ?? told ?? UNEXPLAINED;
  return { reason, detail, running };
}
