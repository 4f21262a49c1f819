import type { RemixedSession } from '#contracts';
import { describeSkipped } from './describe-skipped.js';

/** What a remix brought along, one thing a line; what is missing is never left unsaid. */
export function describeCopied({ name, copied }: RemixedSession): string[] {
  const { messages, files, bytes, secrets, from_version: version } = copied;
  const parts = [
    count(messages, 'message'),
    `${count(files, 'file')} (${bytes} bytes)`,
    count(secrets, 'secret'),
  ];
  const lines = [`${name}: copied ${parts.join(', ')} as of version ${version}.`];
  if (copied.files_fallback !== null) lines.push(describeFallback(copied));
  if (copied.skipped_total > 0) lines.push(`Not among the files: ${describeSkipped(copied)}.`);
  return lines;
}

function describeFallback(copied: RemixedSession['copied']): string {
  const { from_version, files_from_version, files_fallback } = copied;
  if (files_from_version !== null && files_from_version > from_version) {
    return `The files are newer than the conversation, as of version ${files_from_version}. ${files_fallback}`;
  }
  const which =
    files_from_version === null
      ? 'No files came along'
      : `The files are older than the conversation, as of version ${files_from_version}`;
  return `${which}: later ones could not be kept (${files_fallback}).`;
}

function count(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}
