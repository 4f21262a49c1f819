import { ApiError } from '#contracts';

const STREAM = /^\/api\/v0\/sessions\/([^/]+)\/desktop\/stream$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a WebSocket is opened for. */
export interface StreamRequest {
  /** An id, a name, or the beginning of an id. */
  reference: string;
  /** To use the desktop, not only to see it. */
  control: boolean;
  /** Takes up the control that has this id. */
  leaseId: string | undefined;
  /** Only if that control is still there: it was given before, and is not asked for anew. */
  resume: boolean;
}

export function isStreamPath(url: string): boolean {
  return STREAM.test(url.split('?', 1)[0] ?? '');
}

/** @throws ApiError `not_found`, `validation_failed` */
export function parseStreamRequest(url: string): StreamRequest {
  const [path = '', query = ''] = url.split('?', 2);
  const reference = STREAM.exec(path)?.[1];
  if (reference === undefined) throw new ApiError('not_found', 'No WebSocket is at this address; see /docs.');
  const parameters = new URLSearchParams(query);
  const leaseId = parameters.get('lease_id') ?? undefined;
  if (leaseId !== undefined && !UUID.test(leaseId)) {
    throw new ApiError('validation_failed', 'lease_id: a UUID.', {
      errors: [{ path: 'lease_id', message: 'a UUID' }],
    });
  }
  return {
    reference: decoded(reference),
    control: parameters.get('control') === '1',
    leaseId,
    resume: parameters.get('resume') === '1',
  };
}

function decoded(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    return reference;
  }
}
