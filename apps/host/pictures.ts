import { LRUCache } from 'lru-cache';
import { isImage, type ContentBlock, type ImageReference } from '#domain';
import type { Attachments } from '#event-store';
import type { ModelMessage, ModelRequest } from './conversation.js';

const GONE: ContentBlock = { type: 'text', text: 'The picture that was here has been erased.' };

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
    const messages: ModelMessage[] = [];
    for (const message of request.messages) {
      const { content } = message;
      const shown = typeof content === 'string' ? content : await this.showAll(content, sessionId);
      messages.push(shown === content ? message : { ...message, content: shown });
    }
    return { ...request, messages };
  }

  /** One after the other: a long conversation's pictures together are large. */
  private async showAll(blocks: ContentBlock[], sessionId: string): Promise<ContentBlock[]> {
    if (!blocks.some(isPictureInside)) return blocks;
    const shown: ContentBlock[] = [];
    for (const block of blocks) shown.push(await this.showOne(block, sessionId));
    return shown;
  }

  private async showOne(block: ContentBlock, sessionId: string): Promise<ContentBlock> {
    if (isImage(block)) return this.imageOf(block.source, sessionId);
    const { content } = block;
    return Array.isArray(content)
      ? { ...block, content: await this.showAll(content as ContentBlock[], sessionId) }
      : block;
  }

  private async imageOf({ media_type, sha256 }: ImageReference, sessionId: string): Promise<ContentBlock> {
    const key = `${sessionId}.${sha256}`;
    const data = this.encoded.get(key) ?? (await this.read(sessionId, sha256));
    if (data === undefined) return GONE;
    this.encoded.set(key, data);
    return { type: 'image', source: { type: 'base64', media_type, data } };
  }

  private async read(sessionId: string, sha256: string): Promise<string | undefined> {
    const bytes = await this.attachments.get(sessionId, sha256);
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
}

function isPictureInside(block: ContentBlock): boolean {
  const { content } = block;
  return isImage(block) || (Array.isArray(content) && (content as ContentBlock[]).some(isImage));
}
