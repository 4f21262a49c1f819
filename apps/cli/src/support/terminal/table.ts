import { plainText } from './plain-text.js';
import { displayWidth, padToWidth } from './width.js';

/** Rows under headings, in columns as wide as they need to be. */
export function table(headings: string[], rows: string[][]): string {
  const all = [headings, ...rows.map((row) => row.map(oneLine))];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ''))));
  const toLine = (row: string[]): string =>
    row
      .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map(toLine).join('\n');
}

function oneLine(cell: string): string {
  return plainText(cell).replaceAll('\n', ' ');
}
