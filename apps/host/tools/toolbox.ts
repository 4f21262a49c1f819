import type { ToolUseBlock } from '#domain';
import { ComputerError } from '#computers';
import { bashTool, type BashLimits } from './bash.js';
import { textEditorTool } from './text-editor.js';
import { mistake, type Tool, type ToolBox } from './tool.js';

/** Without a computer no tool can answer anything; this is for the turn, not for the model. */
const NO_COMPUTER = ['computer_not_found', 'computer_not_running', 'driver_unavailable'] as const;
type NoComputer = ComputerError & { code: (typeof NO_COMPUTER)[number] };

export function isComputerMissing(error: unknown): error is NoComputer {
  return error instanceof ComputerError && NO_COMPUTER.some((code) => code === error.code);
}

/**
 * The tools of a session, from their definitions as pinned in it. What a tool refuses is an answer for the model.
 * @throws ComputerError only when there is no running computer
 */
export function createToolBox(definitions: Record<string, unknown>[], limits: BashLimits): ToolBox {
  const tools = new Map(definitions.flatMap((definition) => toolOf(definition, limits)));
  return async (use, context) => {
    const tool = tools.get(use.name);
    if (tool === undefined) return mistake(unknownTool(use, [...tools.keys()]));
    try {
      return await tool(use.input, context);
    } catch (error) {
      if (!(error instanceof ComputerError) || isComputerMissing(error)) throw error;
      return mistake(error.message);
    }
  };
}

function toolOf(definition: Record<string, unknown>, limits: BashLimits): [string, Tool][] {
  switch (definition['type']) {
    case 'bash_20250124':
      return [[String(definition['name']), bashTool(limits)]];
    case 'text_editor_20250728': {
      const max = definition['max_characters'];
      return [[String(definition['name']), textEditorTool(typeof max === 'number' ? max : undefined)]];
    }
    default:
      return [];
  }
}

function unknownTool({ name }: ToolUseBlock, known: string[]): string {
  return `There is no tool named ${name} here; there are ${known.join(', ')}.`;
}
