import { describe, expect, it } from '@jest/globals';
import { findMainSource, parseDeb822, parseOneLineList, renderTestingSource } from './apt-sources.js';

const DEB822 = `# A comment
Types: deb deb-src
# another
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /keys/debian.gpg

Types: deb
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main
`;

describe('parseDeb822', () => {
  it('reads enabled stanzas of binary packages', () => {
    expect(parseDeb822(DEB822).map(({ uris, suites }) => ({ uris, suites }))).toEqual([
      { uris: 'http://mirror.example/debian-security', suites: ['bookworm-security'] },
      {
        uris: 'http://mirror.example/debian http://second.example/debian',
        suites: ['bookworm', 'bookworm-updates'],
      },
    ]);
  });

  it('keeps an inline key readable for apt', () => {
    const source = findMainSource(parseDeb822(DEB822), 'bookworm');
    expect(source && renderTestingSource(source)).toBe(`Types: deb
URIs: http://mirror.example/debian http://second.example/debian
Suites: testing
Components: main
Signed-By: 
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
`);
  });
});

describe('parseOneLineList', () => {
  it('reads lines with and without options', () => {
    const list = `# deb http://commented.example/debian bookworm main
deb http://plain.example/debian bookworm main contrib # trailing
deb [arch=amd64 signed-by=/keys/debian.gpg] http://keyed.example/debian bookworm-updates main
deb-src http://sources.example/debian bookworm main
`;
    expect(parseOneLineList(list)).toEqual([
      { uris: 'http://plain.example/debian', suites: ['bookworm'], components: ['main', 'contrib'] },
      {
        uris: 'http://keyed.example/debian',
        suites: ['bookworm-updates'],
        components: ['main'],
        signedBy: '/keys/debian.gpg',
      },
    ]);
  });
});

describe('findMainSource', () => {
  it('passes over security updates and third parties', () => {
    const sources = parseOneLineList(`deb http://security.example/debian trixie-security main
deb http://vendor.example/apt nodistro main
deb http://mirror.example/debian trixie main`);
    expect(findMainSource(sources, 'trixie')?.uris).toBe('http://mirror.example/debian');
    expect(findMainSource(sources.slice(0, 2), 'trixie')).toBeUndefined();
  });
});
