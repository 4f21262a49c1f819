import type { ToolUseBlock } from '#domain';
import { ComputerError } from '#computers';
import { bashTool, type BashLimits } from './bash.js';
import { computerToolset } from './computer/toolset.js';
import type { ScreenLimits } from './computer/limits.js';
import type { Settling } from './computer/settling.js';
import { textEditorTool } from './text-editor.js';
import { mistake, type Tool, type ToolBox } from './tool.js';

/** Without a computer no tool can answer anything; this is for the turn, not for the model. */
const NO_COMPUTER = ['computer_not_found', 'computer_not_running', 'driver_unavailable'] as const;
type NoComputer = ComputerError & { code: (typeof NO_COMPUTER)[number] };

export function isComputerMissing(error: unknown): error is NoComputer {
  return error instanceof ComputerError && NO_COMPUTER.some((code) => code === error.code);
}

export interface ToolBoxOptions {
  bash: BashLimits;
  screen: ScreenLimits;
  settling: Settling;
}

/**
 * The tools of a session, from their definitions as pinned in it. What a tool refuses is an answer for the model.
 * @throws ComputerError only when there is no running computer
 */
export function createToolBox(definitions: Record<string, unknown>[], options: ToolBoxOptions): ToolBox {
  const tools = new Map(definitions.flatMap((definition) => toolsOf(definition, options)));
  return async (use, context) => {
    const tool = tools.get(addressOf(use.name, use.toolset_name));
    if (tool === undefined) return mistake(unknownTool(use, [...tools.keys()]));
    try {
      return await tool(use.input, context);
    } catch (error) {
      if (!(error instanceof ComputerError) || isComputerMissing(error)) throw error;
      const failure = mistake(error.message);
      return error.code === 'desktop_failed' ? { ...failure, broken: true } : failure;
    }
  };
}

function toolsOf(definition: Record<string, unknown>, options: ToolBoxOptions): [string, Tool][] {
  switch (definition['type']) {
    case 'bash_20250124':
      return [[String(definition['name']), bashTool(options.bash)]];
    case 'text_editor_20250728': {
      const max = definition['max_characters'];
      return [[String(definition['name']), textEditorTool(typeof max === 'number' ? max : undefined)]];
    }
    case 'computer_toolset_20260801':
      return computerToolset(definition['configs'], options.screen, options.settling).map(
        ([member, tool]): [string, Tool] => [addressOf(member, 'computer'), tool],
      );
    default:
      return [];
  }
}

/** A toolset's member never stands in the way of a tool of the same name. */
function addressOf(name: string, toolset: string | undefined): string {
  return toolset === undefined ? name : `${toolset}.${name}`;
}

function unknownTool({ name, toolset_name }: ToolUseBlock, known: string[]): string {
  return `There is no tool named ${addressOf(name, toolset_name)} here; there are ${known.join(', ')}.`;
}
