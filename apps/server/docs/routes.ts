import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { docOf, type RouteDoc } from './doc.js';

export interface DocumentedRoute {
  method: string;
  /** As OpenAPI writes it: `/api/v0/sessions/{id}`. */
  path: string;
  doc: RouteDoc;
}

/** Every route of every controller that says what it does. */
export function documentedRoutes(discovery: DiscoveryService): DocumentedRoute[] {
  const scanner = new MetadataScanner();
  return discovery.getControllers().flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, object>;
    const base = pathsOf(metatype)[0] ?? '';
    return scanner.getAllMethodNames(prototype).flatMap((name) => routesOf(base, prototype[name] ?? {}));
  });
}

function routesOf(base: string, handler: object): DocumentedRoute[] {
  const doc = docOf(handler);
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (doc === undefined || method === undefined) return [];
  const verb = (RequestMethod[method] ?? '').toLowerCase();
  return pathsOf(handler).map((path) => ({ method: verb, path: openApiPath(`${base}/${path}`), doc }));
}

function pathsOf(target: object): string[] {
  return [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();
}

function openApiPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  return `/${parts.map((part) => (part.startsWith(':') ? `{${part.slice(1)}}` : part)).join('/')}`;
}
