import { describe, expect, it } from '@jest/globals';
import { requireImage } from './require-image.js';

const allowed = ['node:24', 'python:*', 'ghcr.io/us/*', 'localhost:5000/a/b', 'busybox', 'x@sha256:00'];

describe('the images that sessions may name', () => {
  it.each([
    'node:24',
    'docker.io/library/node:24',
    'docker.io/node:24'.replace('docker.io/', 'library/'),
    'python:3.13-slim',
    'ghcr.io/us/tool:1',
    'ghcr.io/us/deep/tool@sha256:11',
    'localhost:5000/a/b',
    'localhost:5000/a/b:latest',
    'busybox:latest',
    'x@sha256:00',
  ])('include %s', (image) => {
    expect(() => requireImage(image, allowed)).not.toThrow();
  });

  it.each([
    'node',
    'node:24-slim',
    'evil/node:24',
    'evil.io/library/node:24',
    'ghcr.io/us',
    'ghcr.io/us2/tool',
    'ghcrXio/us/tool',
    'localhost:5000/a/b:2',
    'busybox:1',
    'evil.io/x\nghcr.io/us/tool',
    '../python:3',
    '',
  ])('do not include %j', (image) => {
    expect(() => requireImage(image, allowed)).toThrow(/^image: this service allows node:24, python:\*/);
  });

  it('are all where nothing is said, and none where an empty list is', () => {
    expect(() => requireImage('anything', undefined)).not.toThrow();
    expect(() => requireImage('anything', [])).toThrow(/no image but its own/);
    expect(() => requireImage(undefined, [])).not.toThrow();
  });
});
