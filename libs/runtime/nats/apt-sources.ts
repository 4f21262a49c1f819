/** A package source as apt knows it. */
export interface AptSource {
  uris: string;
  suites: string[];
  components: string[];
  /** Path of a keyring, or an inline key with its line breaks, as deb822 writes them. */
  signedBy?: string;
}

/** Reads a file in the deb822 format (`*.sources`). Disabled stanzas and those without binary packages are left out. */
export function parseDeb822(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap(parseStanza);
}

/** Reads a file in the one-line format (`*.list`). */
export function parseOneLineList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (!match) return [];
    const [, options = '', uris = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uris, suites: [suite], components: toWords(components), signedBy }];
  });
}

/** The stanza that offers the `testing` packages of a source, under the same address and the same key. */
export function renderTestingSource({ uris, signedBy }: AptSource): string {
  const key = signedBy ? `Signed-By: ${signedBy}\n` : '';
  return `Types: deb\nURIs: ${uris}\nSuites: testing\nComponents: main\n${key}`;
}

/** The source of the distribution's own main packages: not of its security updates, nor of a third party. */
export function findMainSource(sources: AptSource[], codename: string): AptSource | undefined {
  const suites = [codename, 'stable', 'testing', 'unstable', 'sid'];
  return sources.find(
    (source) => source.components.includes('main') && source.suites.some((suite) => suites.includes(suite)),
  );
}

function parseStanza(stanza: string): AptSource[] {
  const fields = new Map<string, string>();
  for (const match of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
    fields.set((match[1] ?? '').toLowerCase(), (match[2] ?? '').trim());
  }
  const uris = fields.get('uris');
  const hasBinaries = toWords(fields.get('types')).includes('deb');
  if (!uris || !hasBinaries || fields.get('enabled')?.toLowerCase() === 'no') return [];
  const [suites, components] = [toWords(fields.get('suites')), toWords(fields.get('components'))];
  return [
    { uris: toWords(uris).join(' '), suites, components, signedBy: toSignedBy(fields.get('signed-by')) },
  ];
}

/** Continuation lines keep their indentation, without which they would be fields of their own. */
function toSignedBy(value: string | undefined): string | undefined {
  return value?.includes('\n')
    ? `\n ${value
        .split('\n')
        .map((line) => line.trim())
        .join('\n ')}`
    : value;
}

function toWords(text = ''): string[] {
  return text.split(/\s+/).filter(Boolean);
}
