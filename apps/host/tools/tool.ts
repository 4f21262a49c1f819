import type { ContentBlock, ToolOutcome, ToolUseBlock } from '#domain';
import type { Computers } from '#computers';
import type { Attachments } from '#event-store';

export interface ToolContext {
  sessionId: string;
  computers: Computers;
  /** Takes the pictures that an answer names. */
  attachments: Attachments;
  /** Hides the values of secrets; called on a text before a part of it is left out, which could cut one in two. */
  hide: (text: string) => string;
  signal: AbortSignal;
}

/** What the model is told about a tool use. A mistake of the model's is an answer too, never an exception. */
export interface ToolAnswer {
  content: string | ContentBlock[];
  isError: boolean;
  outcome: Exclude<ToolOutcome, 'interrupted'>;
  /** What the tool worked through ended under it; perhaps the whole computer did. */
  broken?: true;
}

/** One tool: its input is what the model wrote, and is checked here. */
export type Tool = (input: unknown, context: ToolContext) => Promise<ToolAnswer>;

/** The tools of a session: each use finds its own by toolset and name. */
export type ToolBox = (use: ToolUseBlock, context: ToolContext) => Promise<ToolAnswer>;

export function answer(content: string | ContentBlock[]): ToolAnswer {
  return { content, isError: false, outcome: 'completed' };
}

export function mistake(content: string): ToolAnswer {
  return { content, isError: true, outcome: 'failed' };
}
