// Read at each start of the command line in a checkout, so it imports and reads next to nothing.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Whether the build is that of the commit that is checked out, as far as git records it. */
export function isBuildCurrent(root) {
  const mark = checkoutMark(root);
  return mark !== undefined && readStamp(root)?.checkout === mark;
}

/** Changes whenever another commit is checked out; undefined without git's record of that. */
export function checkoutMark(root) {
  const record = statSync(join(root, '.git', 'logs', 'HEAD'), { throwIfNoEntry: false });
  return record && `${record.mtimeMs}-${record.size}`;
}

/** What the last build left: the id of its programs, and what was checked out. */
export function readStamp(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'dist', '.built'), 'utf8'));
  } catch {
    return undefined;
  }
}
