import { ComputerError, type CopyParts, type SnapshotInfo } from '../computer.js';
import type { SessionFolder } from './session-folder.js';

export async function takeSnapshot(folder: SessionFolder): Promise<SnapshotInfo> {
  throw new ComputerError('driver_unavailable', `Snapshots of ${folder.sessionId} are not available.`);
}
export async function restoreFromSnapshot(
  folder: SessionFolder,
  snapshotId: string,
  _before: () => Promise<void>,
): Promise<void> {
  throw new ComputerError('snapshot_not_found', `${folder.sessionId} has no snapshot ${snapshotId}.`);
}
export async function copyIntoComputer(
  folder: SessionFolder,
  _from: SessionFolder,
  _snapshotId: string | undefined,
  _parts: CopyParts,
): Promise<{ files: number; bytes: number }> {
  throw new ComputerError('driver_unavailable', `Copies into ${folder.sessionId} are not available.`);
}
