import type { ToolOutcome, ToolUseBlock } from '#domain';
import type { Computers } from '#computers';

export interface ToolContext {
  sessionId: string;
  computers: Computers;
  signal: AbortSignal;
}

/** What the model is told about a tool use. A mistake of the model's is an answer too, never an exception. */
export interface ToolAnswer {
  content: string;
  isError: boolean;
  outcome: Extract<ToolOutcome, 'completed' | 'failed'>;
}

/** One tool: its input is what the model wrote, and is checked here. */
export type Tool = (input: unknown, context: ToolContext) => Promise<ToolAnswer>;

/** Tools by the name under which the model uses them. */
export type ToolBox = (use: ToolUseBlock, context: ToolContext) => Promise<ToolAnswer>;

export function answer(content: string): ToolAnswer {
  return { content, isError: false, outcome: 'completed' };
}

export function mistake(content: string): ToolAnswer {
  return { content, isError: true, outcome: 'failed' };
}
