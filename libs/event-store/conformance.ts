import { afterAll, beforeAll, describe } from '@jest/globals';
import { describeAppending } from './conformance/appending.js';
import { describeConsuming } from './conformance/consuming.js';
import type { OpenedStore } from './conformance/fixtures.js';
import { describeLeases } from './conformance/leasing.js';
import { describeFollowing } from './conformance/following.js';
import { describeReading } from './conformance/reading.js';
import { describeRegistering } from './conformance/registering.js';

/** What every event store promises, whatever it keeps the events in. */
export function describeEventStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} as an event store`, () => {
    let opened: OpenedStore | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());

    const subject = (): OpenedStore => {
      if (opened === undefined) throw new Error(`${name} did not open.`);
      return opened;
    };
    describe('append and erase', () => describeAppending(subject));
    describe('read', () => describeReading(subject));
    describe('follow', () => describeFollowing(subject));
    describe('consume', () => describeConsuming(subject));
    describe('leases', () => describeLeases(subject));
    describe('names, keys and signals', () => describeRegistering(subject));
  });
}
