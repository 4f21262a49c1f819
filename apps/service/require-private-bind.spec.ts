import { describe, expect, it } from '@jest/globals';
import { requirePrivateBind } from './require-private-bind.js';

describe('addresses to listen on', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost'])(
    'may be %s',
    (bind) => expect(() => requirePrivateBind({ bind, plainHttp: 'loopback' })).not.toThrow(),
  );

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    'fe80::1',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    'example.com',
    '127.0.0.1.example.com',
    '0',
  ])('may be %s only where that is said', (bind) => {
    expect(() => requirePrivateBind({ bind, plainHttp: 'loopback' })).toThrow(
      /without TLS.*RAWORC_PLAIN_HTTP/,
    );
    expect(() => requirePrivateBind({ bind, plainHttp: 'everywhere' })).not.toThrow();
  });
});
