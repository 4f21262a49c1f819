import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '#contracts';
import { VIEWS, type Views } from '../ports.js';
import { Closing } from './closing.js';

export interface WatchOptions {
  seconds: number;
  /** What is waited for, for the error. */
  goal: string;
  /** Ends the wait early: the client is gone. */
  signal: AbortSignal;
}

/** Waits until the views show something; looks when they have moved on, never by the clock. */
@Injectable()
export class Watch {
  constructor(
    @Inject(VIEWS) private readonly views: Views,
    @Inject(Closing) private readonly closing: Closing,
  ) {}

  /**
   * The first result of `look` that is not undefined.
   * @throws ApiError `wait_timed_out`, `stopping`, and what `look` throws
   */
  async until<T>(look: () => T | undefined, { seconds, goal, signal }: WatchOptions): Promise<T> {
    const seen = look();
    if (seen !== undefined) return seen;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      try {
        const result = look();
        if (result !== undefined) resolve(result);
      } catch (error) {
        reject(error);
      }
    };
    const stop = (): void =>
      reject(new ApiError('stopping', 'The service stops; ask again when it is back.'));
    const stopWatching = this.views.runner.onApplied(check);
    const timer = setTimeout(() => reject(timedOut(goal, seconds)), seconds * 1000);
    const ended = AbortSignal.any([signal, this.closing.signal]);
    ended.addEventListener('abort', stop);
    if (ended.aborted) stop();
    return promise.finally(() => {
      stopWatching();
      clearTimeout(timer);
      ended.removeEventListener('abort', stop);
    });
  }
}

function timedOut(goal: string, seconds: number): ApiError {
  return new ApiError(
    'wait_timed_out',
    `Waited ${seconds} s for ${goal}. The work goes on: look again later, or wait longer.`,
  );
}
