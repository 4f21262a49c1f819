import { describe } from '@jest/globals';
import { describeCommands } from './conformance/commands.js';
import { describeDisk } from './conformance/disk.js';
import { describeFiles } from './conformance/files.js';
import { type ComputersFactory, useComputers } from './conformance/fixture.js';
import { describeInterruption } from './conformance/interruption.js';
import { describeLifecycle } from './conformance/lifecycle.js';
import { describeCopies } from './conformance/copies.js';
import { describeSnapshotContents } from './conformance/snapshot-contents.js';
import { describeSnapshotStore } from './conformance/snapshot-store.js';
import { describeShell } from './conformance/shell.js';
import { describeSnapshots } from './conformance/snapshots.js';

/** What every driver must do. The factory is called with a folder for what the driver keeps, new for each test. */
export function describeComputers(name: string, factory: ComputersFactory, image = 'some-image'): void {
  describe(`computers: ${name}`, () => {
    const fixture = useComputers(factory, image);
    describeLifecycle(fixture);
    describeShell(fixture);
    describeInterruption(fixture);
    describeCommands(fixture);
    describeFiles(fixture);
    describeSnapshots(fixture);
    describeSnapshotContents(fixture);
    describeSnapshotStore(fixture);
    describeCopies(fixture);
    describeDisk(fixture);
  });
}
