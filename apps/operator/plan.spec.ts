import { describe, expect, it } from '@jest/globals';
import { initialState, type SessionState } from '#domain';
import { nextStep, type ObservedComputer } from './plan.js';

const live: SessionState = { ...initialState, lifecycle: 'live', firstStart: false };
const idle: SessionState = { ...live, status: 'idle', computerRunning: true };
const closed: SessionState = { ...live, status: 'closed' };
const turn = { id: 't', messageIds: [], openToolUses: [], touchedFiles: true };
const running: ObservedComputer = { running: true, ours: true, disrupted: false };
const stopped: ObservedComputer = { running: false, ours: false, disrupted: false };
const due = { rootFilesystemDue: true };
const dead: SessionState = { ...idle, computerRunning: false };

describe('nextStep', () => {
  it.each<[string, SessionState, ObservedComputer | undefined, string]>([
    ['leaves what is not its own', initialState, running, 'none'],
    ['waits for the end of a copy', { ...live, lifecycle: 'copying' }, undefined, 'none'],
    ['starts a new session', { ...live, firstStart: true }, undefined, 'start'],
    ['goes on with a half-made computer', { ...live, firstStart: true }, stopped, 'start'],
    ['starts a restored session', live, stopped, 'start'],
    ['reports a computer that runs already', live, running, 'start'],
    ['leaves a running session alone', idle, running, 'none'],
    ['leaves a busy session alone', { ...idle, status: 'busy', turn }, running, 'none'],
    ['says that a computer died', idle, stopped, 'report-disrupted'],
    ['says that a computer died in a turn', { ...idle, status: 'busy', turn }, stopped, 'report-disrupted'],
    ['says that a computer is gone', idle, undefined, 'report-disrupted'],
    ['says what a computer told', idle, { ...running, disrupted: true }, 'report-disrupted'],
    ['says it before it keeps files', { ...idle, snapshotDue: true }, stopped, 'report-disrupted'],
    ['starts a computer that died', dead, stopped, 'start'],
    ['starts a computer that died in a turn', { ...dead, status: 'busy', turn }, stopped, 'start'],
    ['starts a computer that is gone', dead, undefined, 'start'],
    ['says nothing of what should not run yet', dead, { ...stopped, disrupted: true }, 'start'],
    ['says nothing of a closed session', closed, { ...stopped, disrupted: true }, 'none'],
    ['gives the environment to a computer of an earlier process', idle, { ...running, ours: false }, 'start'],
    ['keeps files after a turn', { ...idle, snapshotDue: true }, running, 'snapshot'],
    ['keeps files before a restart', { ...dead, snapshotDue: true }, stopped, 'snapshot'],
    ['keeps no files of a running turn', { ...idle, snapshotDue: true, turn }, running, 'none'],
    ['keeps no files of a computer that is gone', { ...dead, snapshotDue: true }, undefined, 'start'],
    ['stops a closed session', { ...closed, snapshotDue: true }, running, 'stop'],
    ['keeps what was installed first', { ...closed, ...due, snapshotDue: true }, stopped, 'stop'],
    ['says so of a computer that is gone', { ...closed, ...due }, undefined, 'stop'],
    ['keeps files of a closed session', { ...closed, snapshotDue: true }, stopped, 'snapshot'],
    ['leaves a closed session alone', closed, stopped, 'none'],
    ['makes nothing for a closed session', closed, undefined, 'none'],
    ['says that files of a closed one are gone', { ...closed, snapshotDue: true }, undefined, 'snapshot'],
    ['removes what a deleted session had', { ...closed, lifecycle: 'deleted' }, stopped, 'destroy'],
    ['removes what an erased session had', { ...closed, lifecycle: 'erased' }, running, 'destroy'],
    ['removes what is left of a part', { ...closed, lifecycle: 'deleted' }, undefined, 'destroy'],
  ])('%s', (_, state, computer, step) => {
    expect(nextStep(state, computer)).toBe(step);
  });
});
