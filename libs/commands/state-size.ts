import type { SessionState } from '#domain';

/** An empty state, and what a cache takes for its entry. */
const BASE_BYTES = 1_024;
const ID_BYTES = 96;
/** A character takes two bytes at most. */
const CHARACTER_BYTES = 2;

/** Metadata is replaced as a whole and never changed, so each is measured once. */
const measured = new WeakMap<object, number>();

/** Estimates the memory of a session's state, in constant time for all but what a command has just put in. */
export function sizeOfState(state: SessionState): number {
  const texts = [state.instructions, state.error, state.unreadable, state.name];
  const characters = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  const { turn } = state;
  const ids =
    state.pendingMessageIds.length +
    (turn === null ? 0 : turn.messageIds.length + 2 * turn.openToolUses.length);
  return BASE_BYTES + characters * CHARACTER_BYTES + ids * ID_BYTES + sizeOfMetadata(state.metadata);
}

function sizeOfMetadata(metadata: Record<string, unknown>): number {
  const known = measured.get(metadata);
  if (known !== undefined) return known;
  const size = JSON.stringify(metadata).length * CHARACTER_BYTES;
  measured.set(metadata, size);
  return size;
}
