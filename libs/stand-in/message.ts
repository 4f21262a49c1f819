/** A content block as it goes over the wire. */
export interface Block {
  type: string;
  [field: string]: unknown;
}

export interface Message {
  role: 'user' | 'assistant';
  content: string | Block[];
}

export function blocksOf({ content }: Message): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}
