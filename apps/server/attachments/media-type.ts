const SIGNATURES: [mediaType: string, bytes: number[]][] = [
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
];

/** The media type that the first bytes tell. */
export function mediaTypeOf(content: Uint8Array): string {
  const known = SIGNATURES.find(([, bytes]) => bytes.every((byte, index) => content[index] === byte));
  return known?.[0] ?? 'application/octet-stream';
}
