import type { ToolUseBlock } from '#domain';

/** Of the desktop: what changes nothing. */
const LOOKING: ReadonlySet<string> = new Set(['screenshot', 'zoom', 'cursor_position', 'mouse_move', 'wait']);

/** Writes files or makes programs write them, and is no way to delete any: commands are that. */
export function mayOnlyAdd({ name, toolset_name, input }: ToolUseBlock): boolean {
  if (toolset_name === 'computer') return !LOOKING.has(name);
  if (name === 'bash') return false;
  return typeof input === 'object' && input !== null && 'command' in input && input.command !== 'view';
}
