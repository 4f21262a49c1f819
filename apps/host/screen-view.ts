import { isImage, type EventEnvelope, type ToolUseBlock } from '#domain';

/** Members of the computer toolset that change nothing on the screen. */
const LOOKING: ReadonlySet<string> = new Set(['screenshot', 'zoom', 'cursor_position', 'wait']);

export function isScreenUse({ toolset_name }: ToolUseBlock): boolean {
  return toolset_name === 'computer';
}

/**
 * The action counts on a picture of the screen from before a person used it. The last whole picture that the model has
 * seen tells: one that was asked for after the person had taken control was taken when they had given it back.
 */
export function countsOnOldScreen(events: readonly EventEnvelope[], use: ToolUseBlock): boolean {
  if (!isScreenUse(use) || LOOKING.has(use.name)) return false;
  const taken = events.findLastIndex(({ type }) => type === 'control.taken');
  return taken >= 0 && taken > lastPictureSeen(events);
}

/** Where the last whole picture of the screen that the model has been sent was asked for; -1: nowhere. */
function lastPictureSeen(events: readonly EventEnvelope[]): number {
  const asked = events.findLastIndex(({ type }) => type === 'model.responded');
  const pictures = new Set(
    events.slice(0, Math.max(asked, 0)).flatMap((event) => (hasPicture(event) ? [event.data.use_id] : [])),
  );
  return events.findLastIndex(
    (event) => event.type === 'tool.started' && event.data.name !== 'zoom' && pictures.has(event.data.use_id),
  );
}

function hasPicture(event: EventEnvelope): event is Extract<EventEnvelope, { type: 'tool.completed' }> {
  return (
    event.type === 'tool.completed' &&
    typeof event.data.content !== 'string' &&
    event.data.content.some(isImage)
  );
}
