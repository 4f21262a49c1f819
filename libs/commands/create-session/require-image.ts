import { ApiError } from '#contracts';

/**
 * Refuses an image that is not among those that sessions may name. A pattern is the name of an image, in which `*` stands
 * for anything: `node:24`, `node:*`, `ghcr.io/us/*`. As for the engine, `node` is `docker.io/library/node:latest`.
 * @param allowed undefined: all of them
 * @throws ApiError `validation_failed`
 */
export function requireImage(image: string | undefined, allowed: readonly string[] | undefined): void {
  if (image === undefined || allowed === undefined) return;
  const name = fullName(image);
  if (allowed.some((pattern) => matches(name, fullName(pattern)))) return;
  const message = `this service allows ${allowed.join(', ') || 'no image but its own'} (the setting RAWORC_IMAGES), and this is ${image}`;
  throw new ApiError('validation_failed', `image: ${message}.`, { errors: [{ path: 'image', message }] });
}

/** With the registry, the path and the tag that the engine adds to what is short. */
function fullName(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const namesRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = namesRegistry ? image : `docker.io/${rest.length === 0 ? 'library/' : ''}${image}`;
  const last = path.slice(path.lastIndexOf('/'));
  return /[:@*]/.test(last) ? path : `${path}:latest`;
}

function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}
