import { table } from '../terminal/table.js';
import { duration } from '../terminal/time.js';

/** One of Raworc's images, as the engine has it. */
export interface ImageState {
  name: string;
  tag: string;
  about: string;
  state: 'present' | 'missing' | 'outdated';
  bytes: number | null;
  /** Unix seconds. */
  built_at: number | null;
}

export function imageTable(images: ImageState[]): string {
  const rows = images.map(({ name, tag, state, bytes, built_at, about }) => [
    name,
    tag,
    state,
    bytes === null ? '-' : `${Math.round(bytes / 1e6)} MB`,
    built_at === null ? '-' : `${duration(Date.now() / 1000 - built_at)} ago`,
    about,
  ]);
  return table(['NAME', 'IMAGE', 'STATE', 'SIZE', 'BUILT', 'FOR'], rows);
}
