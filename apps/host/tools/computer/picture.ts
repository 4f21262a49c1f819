import type { Region, Screenshot } from '#computers';
import type { ImageBlock } from '#domain';
import type { ToolContext } from '../tool.js';
import type { Settling } from './settling.js';

/** The screen as it is now, once it has settled. */
export async function takePicture(
  { sessionId, computers, attachments, signal }: ToolContext,
  settling: Settling,
  region?: Region,
): Promise<ImageBlock> {
  await settling.settled(sessionId, signal);
  const shot = await computers.screenshot(sessionId, { signal, ...(region === undefined ? {} : { region }) });
  return imageOf(shot, await attachments.put(sessionId, shot.bytes));
}

function imageOf({ mediaType, bytes }: Screenshot, sha256: string): ImageBlock {
  return {
    type: 'image',
    source: { type: 'attachment', media_type: mediaType, sha256, bytes: bytes.byteLength },
  };
}
