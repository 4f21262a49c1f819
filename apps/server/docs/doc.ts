import type { ZodType } from 'zod';
import type { ErrorCode } from '#contracts';

/** What the documentation says about a route; the same schemas check its requests. */
export interface RouteDoc {
  summary: string;
  query?: ZodType;
  body?: ZodType;
  bodyOptional?: boolean;
  /** Status → what is sent; `text/…` and `image/…` name a media type that is not JSON. */
  replies: Record<number, ZodType | `${'text' | 'image'}/${string}` | undefined>;
  /** Beyond those that every route of its kind has. */
  errors?: ErrorCode[];
  /** Sent instead of JSON to those who accept it. */
  streams?: boolean;
}

const DOC = Symbol('DOC');

/** Documents a route. */
export const Doc =
  (doc: RouteDoc): MethodDecorator =>
  (_target, _name, descriptor) => {
    Reflect.defineMetadata(DOC, doc, descriptor.value as object);
  };

export function docOf(handler: object): RouteDoc | undefined {
  return Reflect.getMetadata(DOC, handler) as RouteDoc | undefined;
}
