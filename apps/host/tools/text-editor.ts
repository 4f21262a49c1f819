import { z } from 'zod';
import { ComputerError } from '#computers';
import { clip } from './clip.js';
import { insertLines, numberedLines, replaceOnce, type Edit } from './edit-text.js';
import { answer, mistake, type Tool, type ToolAnswer, type ToolContext } from './tool.js';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const DEFAULT_MAX_CHARACTERS = 30_000;

const path = z.string().min(1);
const editorInput = z.discriminatedUnion('command', [
  z.looseObject({
    command: z.literal('view'),
    path,
    view_range: z.tuple([z.int(), z.int()]).nullish(),
  }),
  z.looseObject({ command: z.literal('create'), path, file_text: z.string().default('') }),
  z.looseObject({
    command: z.literal('str_replace'),
    path,
    old_str: z.string().min(1),
    new_str: z.string().default(''),
  }),
  z.looseObject({ command: z.literal('insert'), path, insert_line: z.int().min(0), insert_text: z.string() }),
]);
type EditorInput = z.infer<typeof editorInput>;

/**
 * `text_editor_20250728`: views and edits text files of the computer. `maxCharacters` limits what is shown of a file or
 * folder: what was once in a conversation stays in it.
 */
export function textEditorTool(maxCharacters = DEFAULT_MAX_CHARACTERS): Tool {
  return async (input, context) => {
    const wanted = editorInput.safeParse(input);
    if (!wanted.success) return mistake(`The input is not right: ${z.prettifyError(wanted.error)}`);
    return edit(wanted.data, context, maxCharacters);
  };
}

async function edit(input: EditorInput, context: ToolContext, maxCharacters: number): Promise<ToolAnswer> {
  const { computers, sessionId } = context;
  switch (input.command) {
    case 'view':
      return view(input.path, input.view_range ?? undefined, context, maxCharacters);
    case 'create':
      await computers.writeFile(sessionId, input.path, input.file_text);
      return answer(`Wrote ${input.path}.`);
    case 'str_replace':
      return change(input.path, context, maxCharacters, (text) =>
        replaceOnce(text, input.old_str, input.new_str),
      );
    case 'insert':
      return change(input.path, context, maxCharacters, (text) =>
        insertLines(text, input.insert_line, input.insert_text),
      );
  }
}

async function change(
  file: string,
  context: ToolContext,
  maxCharacters: number,
  apply: (text: string) => Edit,
): Promise<ToolAnswer> {
  const text = await readText(file, context);
  if (text === undefined) return mistake(`${file} is not a UTF-8 text file; use bash for it.`);
  const edit = apply(text);
  if ('problem' in edit) return mistake(`${file} was not changed: ${edit.problem}`);
  await context.computers.writeFile(context.sessionId, file, edit.text);
  return answer(`Changed ${file}. It now reads there:\n${clip(context.hide(edit.shown), maxCharacters)}`);
}

async function view(
  file: string,
  range: [number, number] | undefined,
  context: ToolContext,
  maxCharacters: number,
): Promise<ToolAnswer> {
  try {
    const text = await readText(file, context);
    if (text === undefined) return mistake(`${file} is not a UTF-8 text file; use bash for it.`);
    const shown = numberedLines(text, range, maxCharacters);
    return 'problem' in shown ? mistake(shown.problem) : answer(shown.text);
  } catch (error) {
    if (!(error instanceof ComputerError) || error.code !== 'file_is_folder') throw error;
    return listing(file, context, maxCharacters);
  }
}

async function listing(
  folder: string,
  { computers, sessionId }: ToolContext,
  maxCharacters: number,
): Promise<ToolAnswer> {
  const entries = await computers.listFiles(sessionId, folder);
  const shown = entries.map(({ path: name, type, bytes }) =>
    type === 'file' ? `${name} (${bytes} bytes)` : type === 'directory' ? `${name}/` : `${name} (link)`,
  );
  return answer(shown.length === 0 ? `${folder} is an empty folder.` : clip(shown.join('\n'), maxCharacters));
}

async function readText(file: string, { computers, sessionId }: ToolContext): Promise<string | undefined> {
  const bytes = await computers.readFile(sessionId, file, { maxBytes: MAX_FILE_BYTES });
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
