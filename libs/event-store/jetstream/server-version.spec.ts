import { expect, it } from '@jest/globals';
import { isSupported } from './server-version.js';

it.each(['2.12.1', 'v2.12.10', '2.15.1', '2.14.0-RC.1', '3.0.0'])('takes nats-server %s', (version) => {
  expect(isSupported(version)).toBe(true);
});

it.each(['2.12.0', '2.11.9', '2.9.10', '1.99.99', '', 'unknown'])('refuses nats-server %s', (version) => {
  expect(isSupported(version)).toBe(false);
});
