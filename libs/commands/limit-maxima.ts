import { ApiError } from '#contracts';
import type { SessionLimits } from '#domain';
import type { LimitMaxima } from './ports.js';

/** Each limit, and the setting that holds its maximum. */
const SETTINGS = [
  ['memory_mb', 'RAWORC_MAX_MEMORY_MB'],
  ['cpus', 'RAWORC_MAX_CPUS'],
  ['pids', 'RAWORC_MAX_PIDS'],
  ['disk_mb', 'RAWORC_MAX_DISK_MB'],
] as const;

/** @throws ApiError `validation_failed` that names each limit above its maximum */
export function requireWithinMaxima(limits: SessionLimits = {}, maxima: LimitMaxima | undefined): void {
  if (maxima === undefined) return;
  const exceeded = SETTINGS.filter(([name]) => (limits[name] ?? 0) > (maxima[name] ?? Infinity));
  const errors = exceeded.map(([name, setting]) => ({
    path: `limits.${name}`,
    message: `at most ${maxima[name]} on this service, and this is ${limits[name]} (the setting ${setting})`,
  }));
  if (errors.length === 0) return;
  const detail = errors.map(({ path, message }) => `${path}: ${message}.`).join(' ');
  throw new ApiError('validation_failed', detail, { errors });
}

/** The limits, each lowered to its maximum where it is above. */
export function withinMaxima(limits: SessionLimits, maxima: LimitMaxima | undefined): SessionLimits {
  if (maxima === undefined) return limits;
  const lowered = { ...limits };
  for (const [name] of SETTINGS) {
    const value = limits[name];
    if (value !== undefined) lowered[name] = Math.min(value, maxima[name] ?? value);
  }
  return lowered;
}
