import type { Bar, Row } from './row.js';

const HEAD = ['path', 'ours', 'bare', 'ratio', 'bar', 'met'];

/** The rows as a Markdown table, padded so that it reads well in a terminal too. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.path,
    valueOf(row.ours, row.unit),
    `${valueOf(row.bare, row.unit)} (${row.bareIs})`,
    `${row.ratio.toFixed(2)} ×`,
    row.bars.map((bar) => barOf(bar, row.unit)).join(', '),
    metOf(row),
  ]);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (texts: string[]) => `| ${texts.map((text, n) => text.padEnd(widths[n] ?? 0)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function metOf({ bars, met }: Row): string {
  if (bars.length === 0) return '–';
  return met ? 'yes' : 'no';
}

function valueOf(value: number, unit: Row['unit']): string {
  if (unit === '/s') return `${Math.round(value).toLocaleString('en')} /s`;
  return `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
}

function barOf({ of, atLeast, atMost }: Bar, unit: Row['unit']): string {
  const sign = atLeast === undefined ? '≤' : '≥';
  const limit = atLeast ?? atMost ?? NaN;
  return of === 'ratio' ? `${sign} ${limit} ×` : `${sign} ${limit.toLocaleString('en')} ${unit}`;
}
