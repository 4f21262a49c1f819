import { decide, evolve, type SessionCommand, type SessionEvent, type SessionState } from '#domain';

/** Decides commands one after the other, each on the state that the one before leaves; all their events go as one append. */
export function decideAll(state: SessionState, commands: SessionCommand[]): SessionEvent[] {
  const events: SessionEvent[] = [];
  let current = state;
  for (const command of commands) {
    const decided = decide(current, command);
    current = decided.reduce<SessionState>(evolve, current);
    events.push(...decided);
  }
  return events;
}
