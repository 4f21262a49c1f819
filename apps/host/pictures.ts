import { LRUCache } from 'lru-cache';
import { isImage, type ContentBlock, type ImageBlock } from '#domain';
import type { Attachments } from '#event-store';
import type { ModelRequest } from './model-request.js';

const GONE: ContentBlock = { type: 'text', text: 'The picture that was here has been erased.' };
/** Pictures that are read at the same time. */
const READS_AT_ONCE = 8;

/** By the sha256 of the picture. */
type Encoded = ReadonlyMap<string, string>;

/**
 * Puts pictures in the place of their names. The pictures of running turns stay in memory in the form in which they
 * are sent, so that a turn of many requests reads each of them once.
 */
export class Pictures {
  private readonly encoded: LRUCache<string, string>;

  /** @param cacheBytes what is kept of all sessions together, at most */
  constructor(
    private readonly attachments: Attachments,
    cacheBytes: number,
  ) {
    this.encoded = new LRUCache({ maxSize: cacheBytes, sizeCalculation: (base64) => base64.length || 1 });
  }

  /**
   * The request as the API takes it. The same events always give the same bytes.
   * @throws LogError when pictures cannot be read now
   */
  async show(request: ModelRequest, sessionId: string): Promise<ModelRequest> {
    const names = request.messages.flatMap(({ content }) =>
      typeof content === 'string' ? [] : namesIn(content),
    );
    const pictures = await this.load(sessionId, new Set(names));
    const messages = request.messages.map((message) =>
      typeof message.content === 'string'
        ? message
        : { ...message, content: withPictures(message.content, pictures) },
    );
    return { ...request, messages };
  }

  /**
   * What is in memory is taken before anything is read: reading pushes pictures out, and were they this request's own,
   * a conversation a little larger than the memory would be read whole for each of its requests.
   */
  private async load(sessionId: string, names: ReadonlySet<string>): Promise<Encoded> {
    const pictures = new Map<string, string>();
    const missing: string[] = [];
    for (const sha256 of names) {
      const known = this.encoded.get(`${sessionId}.${sha256}`);
      if (known === undefined) missing.push(sha256);
      else pictures.set(sha256, known);
    }
    for (let next = 0; next < missing.length; next += READS_AT_ONCE) {
      const reads = missing
        .slice(next, next + READS_AT_ONCE)
        .map((sha256) => this.read(sessionId, sha256, pictures));
      await Promise.all(reads);
    }
    return pictures;
  }

  private async read(sessionId: string, sha256: string, into: Map<string, string>): Promise<void> {
    const bytes = await this.attachments.get(sessionId, sha256);
    if (bytes === undefined) return;
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    this.encoded.set(`${sessionId}.${sha256}`, data);
    into.set(sha256, data);
  }
}

function namesIn(blocks: ContentBlock[]): string[] {
  return blocks.flatMap((block) => (isImage(block) ? [block.source.sha256] : namesIn(insideOf(block) ?? [])));
}

function withPictures(blocks: ContentBlock[], pictures: Encoded): ContentBlock[] {
  return blocks.map((block) => {
    if (isImage(block)) return pictureOf(block, pictures);
    const inside = insideOf(block);
    return inside === undefined ? block : { ...block, content: withPictures(inside, pictures) };
  });
}

function pictureOf({ source: { media_type, sha256 } }: ImageBlock, pictures: Encoded): ContentBlock {
  const data = pictures.get(sha256);
  return data === undefined ? GONE : { type: 'image', source: { type: 'base64', media_type, data } };
}

/** The blocks of a tool's result; undefined when there are none. */
function insideOf({ content }: ContentBlock): ContentBlock[] | undefined {
  return Array.isArray(content) ? (content as ContentBlock[]) : undefined;
}
