/** Seconds as people say them: `42 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(total / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${total} s`;
  if (hours < 1) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-11-24 09:30:05` in the time zone of this machine. */
export function dateTime(unix: number): string {
  return new Date(unix * 1000).toLocaleString('sv-SE');
}

export function unixSeconds(time: number | string): number {
  return typeof time === 'number' ? time : Date.parse(time) / 1000;
}
