import { createHash } from 'node:crypto';
import { digestLine } from '../snapshot-format.js';
import type { Difference } from './differences.js';
import { EventLoopSlices } from './event-loop.js';
import type { KnownTree } from './known-tree.js';

/** Paths that lie together. */
interface Block {
  paths: readonly string[];
  /** Their lines of the digest. */
  lines: Buffer;
}

/** A block of more is cut. */
const BLOCK = 512;

/** The paths of a tree in their order, with their lines of the digest: a change makes no more anew than its block. */
export class SortedTree {
  private constructor(private readonly blocks: readonly Block[]) {}

  static readonly empty = new SortedTree([]);

  static async of(tree: KnownTree): Promise<SortedTree> {
    return new SortedTree(await blocksOf([...tree.keys()].sort(), tree));
  }

  /** As of the tree, from which these sorted differences have led here. */
  async with(differences: readonly Difference[], tree: KnownTree): Promise<SortedTree> {
    const blocks: Block[] = [];
    let at = 0;
    for (const [index, block] of this.blocks.entries()) {
      const next = this.blocks[index + 1]?.paths[0];
      const from = at;
      while (at < differences.length && (next === undefined || (differences[at]?.path ?? '') < next)) at++;
      if (from === at) blocks.push(block);
      else blocks.push(...(await blocksOf(applied(block.paths, differences.slice(from, at)), tree)));
    }
    const rest = differences.slice(at).filter(({ after }) => after !== undefined);
    const added = rest.map(({ path }) => path);
    blocks.push(...(await blocksOf(added, tree)));
    return new SortedTree(blocks);
  }

  *paths(): Iterable<string> {
    for (const { paths } of this.blocks) yield* paths;
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const { lines } of this.blocks) hash.update(lines);
    return hash.digest('hex');
  }

  /** Bytes of all lines. */
  get bytes(): number {
    return this.blocks.reduce((total, { lines }) => total + lines.length, 0);
  }
}

/** Nearly sorted already, which sorting makes use of. */
function applied(paths: readonly string[], differences: readonly Difference[]): readonly string[] {
  const added = differences.filter(({ before, after }) => before === undefined && after !== undefined);
  const removed = new Set(differences.filter(({ after }) => after === undefined).map(({ path }) => path));
  const left = removed.size > 0 ? paths.filter((path) => !removed.has(path)) : paths;
  return added.length > 0 ? [...left, ...added.map(({ path }) => path)].sort() : left;
}

/** Others need not wait for all of a large tree. */
async function blocksOf(paths: readonly string[], tree: KnownTree): Promise<Block[]> {
  const slices = new EventLoopSlices();
  const blocks: Block[] = [];
  const size = Math.ceil(paths.length / Math.ceil(paths.length / BLOCK));
  for (let at = 0; at < paths.length; at += size) {
    const part = paths.slice(at, at + size);
    const lines = part.map((path) => lineOf(path, tree));
    blocks.push({ paths: part, lines: Buffer.from(lines.join('')) });
    if (slices.isOver) await slices.next();
  }
  return blocks;
}

function lineOf(path: string, tree: KnownTree): string {
  const known = tree.get(path);
  return known ? `${digestLine(known.entry)}\n` : '';
}
