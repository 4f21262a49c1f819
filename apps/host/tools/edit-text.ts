/** An edited text and the lines around the edit, or what is wrong with the edit. */
export type Edit = { text: string; shown: string } | { problem: string };

const CONTEXT_LINES = 4;

/**
 * Replaces the one place where `old` stands; more or none is a problem that says how many. What is shown of a file has
 * no carriage returns, so a line feed in `old` stands for either end of a line, and the file keeps its own.
 */
export function replaceOnce(text: string, old: string, replacement: string): Edit {
  const places = placesOf(old, text);
  const [place] = places;
  if (place === undefined)
    return { problem: 'old_str does not occur in it. View the file and copy the text exactly.' };
  if (places.length > 1) {
    return {
      problem: `old_str occurs ${places.length} times in it. Add lines around it until it is unique.`,
    };
  }
  const { at, found } = place;
  const put = withLineEnds(replacement, found.includes('\n') ? found : text);
  const changed = text.slice(0, at) + put + text.slice(at + found.length);
  return { text: changed, shown: around(changed, lineAt(text, at), linesIn(put)) };
}

/** Exact places count first; only when there are none, either end of a line will do. */
function placesOf(old: string, text: string): { at: number; found: string }[] {
  const exact = [...text.matchAll(new RegExp(literally(old), 'g'))];
  const lines = old.split(/\r?\n/).map((line) => literally(line));
  const places = exact.length > 0 ? exact : [...text.matchAll(new RegExp(lines.join('\\r?\\n'), 'g'))];
  return places.map(({ index, 0: found }) => ({ at: index, found }));
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** The text with line ends as most lines of the sample have them. */
function withLineEnds(text: string, sample: string): string {
  return endsLinesWithCrlf(sample) ? text.replace(/\r?\n/g, '\r\n') : text;
}

function endsLinesWithCrlf(text: string): boolean {
  const { crlf, lf } = lineEnds(text);
  return crlf > lf;
}

function lineEnds(text: string): { crlf: number; lf: number } {
  const all = text.split('\n').length - 1;
  const crlf = text.split('\r\n').length - 1;
  return { crlf, lf: all - crlf };
}

/** Inserts after a line; 0 is the beginning of the file. */
export function insertLines(text: string, afterLine: number, given: string): Edit {
  const newline = endsLinesWithCrlf(text) ? '\r\n' : '\n';
  const inserted = withLineEnds(given, text);
  const lines = text === '' ? [] : text.split(/(?<=\n)/);
  if (afterLine > lines.length) {
    return { problem: `it has ${lines.length} lines; insert_line must be from 0 to ${lines.length}.` };
  }
  const before = lines.slice(0, afterLine).join('');
  const after = lines.slice(afterLine).join('');
  const start = before === '' || before.endsWith('\n') ? before : before + newline;
  const middle = inserted.endsWith('\n') || after === '' ? inserted : inserted + newline;
  const changed = start + middle + after;
  return { text: changed, shown: around(changed, afterLine + 1, linesIn(inserted)) };
}

/** A text with the numbers of its lines; all of it, or `range` = first and last line (-1: to the end). */
export function numberedLines(
  text: string,
  range: [number, number] | undefined,
  maxCharacters: number,
): { text: string } | { problem: string } {
  const lines = linesOf(text);
  const [first, last] = [range?.[0] ?? 1, range === undefined || range[1] === -1 ? lines.length : range[1]];
  if (range !== undefined && (first < 1 || first > lines.length || last < first)) {
    return {
      problem: `The file has ${lines.length} lines; view_range [${range.join(', ')}] is not within it.`,
    };
  }
  if (text === '') return { text: 'The file is empty.' };
  const shown = upTo(maxCharacters, number(lines.slice(first - 1, last), first));
  const note = aboutLineEnds(text);
  return { text: note === undefined ? shown : `${shown}\n${note}` };
}

/** What cannot be seen of a file, and matters to programs that read it. */
function aboutLineEnds(text: string): string | undefined {
  const { crlf, lf } = lineEnds(text);
  if (crlf === 0) return undefined;
  if (lf === 0) return '[its lines end with CRLF; edits with this tool keep that]';
  return `[${crlf} of its lines end with CRLF, ${lf} with LF; edits with this tool keep both]`;
}

function upTo(maxCharacters: number, numbered: string): string {
  if (numbered.length <= maxCharacters) return numbered.toWellFormed();
  const shown = numbered.slice(0, maxCharacters).toWellFormed();
  return `${shown}\n[... ${numbered.length - maxCharacters} characters left out; use view_range to see the rest ...]`;
}

function around(text: string, line: number, count: number): string {
  const first = Math.max(1, line - CONTEXT_LINES);
  return number(linesOf(text).slice(first - 1, line + count - 1 + CONTEXT_LINES), first);
}

function number(lines: string[], first: number): string {
  return lines.map((line, index) => `${String(first + index).padStart(6)}\t${line}`).join('\n');
}

/** A newline at the end ends the last line; it does not begin another. */
function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

function linesIn(text: string): number {
  return linesOf(text).length;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
