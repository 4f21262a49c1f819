import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../logger.js';
import { createShutdown } from './shutdown.js';

let lines: string[];
let ran: string[];
const logger = createLogger({ name: 'test', level: 'info', stream: { write: (line) => lines.push(line) } });

beforeEach(() => {
  lines = [];
  ran = [];
});

describe('createShutdown', () => {
  it('runs the steps in reverse, each once, however often it is asked', async () => {
    const shutdown = createShutdown(logger, new EventEmitter());
    shutdown.register('store', async () => void ran.push('store'));
    shutdown.register('server', () => void ran.push('server'));
    await Promise.all([shutdown.run('test'), shutdown.run('again')]);
    expect(ran).toEqual(['server', 'store']);
    expect(await shutdown.finished).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT'])('begins at %s and stops listening afterwards', async (signal) => {
    const signals = new EventEmitter();
    const shutdown = createShutdown(logger, signals);
    shutdown.register('step', () => void ran.push('step'));
    signals.emit(signal, signal);
    signals.emit(signal, signal);
    await shutdown.finished;
    expect(ran).toEqual(['step']);
    expect(signals.listenerCount(signal)).toBe(0);
  });

  it('logs a failed or stuck step, names it, and goes on', async () => {
    const shutdown = createShutdown(logger, new EventEmitter());
    shutdown.register('last', () => void ran.push('last'));
    shutdown.register('broken', () => {
      throw new Error('no disk');
    });
    shutdown.register('stuck', () => new Promise<void>(() => undefined), 5);
    expect(await shutdown.run('test')).toEqual(['stuck', 'broken']);
    expect(ran).toEqual(['last']);
    expect(lines.join('')).toContain('no disk');
    expect(lines.join('')).toContain('not done within 5 ms');
  });

  it('still runs a step of a start that it overtook', async () => {
    const shutdown = createShutdown(logger, new EventEmitter());
    shutdown.register('first', () => shutdown.register('late', () => void ran.push('late')));
    await shutdown.run('test');
    shutdown.register('too late', () => void ran.push('too late'));
    expect(ran).toEqual(['late', 'too late']);
  });
});
