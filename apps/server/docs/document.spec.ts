import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../testing/test-app.js';

interface Operation {
  summary: string;
  operationId: string;
  parameters: { name: string; in: string }[];
  requestBody?: unknown;
  responses: Record<string, { description: string }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

let app: TestApp;
let document: Document;
beforeAll(async () => {
  app = await startTestApp();
  document = (await app.client.get('/docs/json')).json as Document;
});
afterAll(() => app.stop());

const operations = () => Object.values(document.paths).flatMap((path) => Object.values(path));

describe('the documentation', () => {
  it('has every route that the server has', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.toSorted()).toEqual([
      'DELETE /api/v0/sessions/{id}',
      'DELETE /api/v0/sessions/{id}/control',
      'DELETE /api/v0/sessions/{id}/messages',
      'GET /api/v0/events',
      'GET /api/v0/sessions',
      'GET /api/v0/sessions/{id}',
      'GET /api/v0/sessions/{id}/attachments/{sha256}',
      'GET /api/v0/sessions/{id}/desktop',
      'GET /api/v0/sessions/{id}/desktop/status',
      'GET /api/v0/sessions/{id}/desktop/stream',
      'GET /api/v0/sessions/{id}/events',
      'GET /api/v0/sessions/{id}/messages',
      'GET /api/v0/sessions/{id}/messages/count',
      'GET /api/v0/sessions/{id}/screenshot',
      'GET /api/v0/version',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'GET /version',
      'PATCH /api/v0/sessions/{id}',
      'POST /api/v0/admin/rebuild',
      'POST /api/v0/sessions',
      'POST /api/v0/sessions/{id}/close',
      'POST /api/v0/sessions/{id}/control',
      'POST /api/v0/sessions/{id}/desktop',
      'POST /api/v0/sessions/{id}/interrupt',
      'POST /api/v0/sessions/{id}/messages',
      'POST /api/v0/sessions/{id}/remix',
      'POST /api/v0/sessions/{id}/restore',
      'PUT /api/v0/sessions/{id}',
      'PUT /api/v0/sessions/{id}/state',
    ]);
  });

  it('describes each with a summary, a name of its own, parameters and replies', () => {
    expect(document.openapi).toBe('3.1.0');
    const names = operations().map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { summary, responses } of operations()) {
      expect(summary.length).toBeGreaterThan(10);
      expect(Object.keys(responses).some((status) => /^[12]/.test(status))).toBe(true);
    }
    const post = document.paths['/api/v0/sessions/{id}/messages']?.post;
    expect(post?.parameters.map(({ name }) => name)).toEqual(['id', 'wait', 'timeout', 'Idempotency-Key']);
    expect(post?.responses['404']?.description).toContain('session_not_found');
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to]) => to ?? '');
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      expect(document.components.schemas).toHaveProperty(reference.replace('#/components/schemas/', ''));
    }
  });

  it('is a page to look at', async () => {
    const page = await app.client.get('/docs');
    expect(page.text).toContain('swagger-ui');
    expect(page.text).not.toMatch(/<script(?![^>]* src=)[^>]*>| on\w+=/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect((await app.client.get('/docs/swagger-ui.css')).status).toBe(200);
  });
});
