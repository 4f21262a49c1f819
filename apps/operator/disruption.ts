import type { ComputerInfo, Disruption } from '#computers';
import type { EventData, EventEnvelope } from '#domain';

/** What a computer told as it happened. `running`: it survived. */
export type Told = Disruption & { running: boolean };

/** Programs of one computer that end one after the other in this time, end by one incident. */
const ONE_INCIDENT_MS = 10_000;

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

/** The kernel ends programs one by one until there is enough memory; once on the log says it all. */
export function isSameIncident(
  disruption: EventData['computer.disrupted'],
  last: EventEnvelope | undefined,
  nowMs: number,
): boolean {
  if (!disruption.running || last?.type !== 'computer.disrupted' || !last.data.running) return false;
  return last.data.reason === disruption.reason && nowMs - Date.parse(last.time) < ONE_INCIDENT_MS;
}
