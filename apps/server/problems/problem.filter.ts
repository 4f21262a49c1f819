import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode, Problem } from '#contracts';
import { isForReader, refusalPage } from '../desktop/refusal-page.js';
import { sendPage } from '../desktop/static-files.js';
import type { Methods } from '../http/methods.js';
import type { ServerLog } from '../ports.js';
import { problem, toProblem } from './to-problem.js';

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  view_unavailable: 1,
  streams_exceeded: 2,
  concurrent_write: 1,
  log_unavailable: 2,
  stopping: 2,
  disk_full: 30,
  log_full: 30,
};

/** Every failure leaves as RFC 9457 problem details, or as a page to a person's browser; what went wrong inside goes to the log instead. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: ServerLog,
    private readonly methods: Methods,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const known = toProblem(error);
    if (known === undefined || known.status === 500) this.report(error, request);
    if (reply.sent) reply.raw.destroy();
    else this.send(known ?? unexpected(request), request, reply);
  }

  private send(found: Problem, request: FastifyRequest, reply: FastifyReply): void {
    const sent = request.is404 ? this.atThisAddress(found, request, reply) : found;
    const retryAfter = RETRY_AFTER_SECONDS[sent.code];
    if (retryAfter !== undefined) reply.header('Retry-After', retryAfter);
    if (sent.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="raworc"');
    reply.status(sent.status);
    if (isForReader(request)) return void sendPage(reply, refusalPage(sent, request.url));
    void reply.type('application/problem+json').send({ ...sent, instance: pathOf(request) });
  }

  /** Nothing is at the address, or only for other methods. */
  private atThisAddress(found: Problem, request: FastifyRequest, reply: FastifyReply): Problem {
    const methods = found.code === 'not_found' ? this.methods.of(pathOf(request)) : [];
    if (methods.length === 0) return found;
    reply.header('Allow', methods.join(', '));
    return problem('method_not_allowed', `This address takes ${methods.join(', ')}, not ${request.method}.`);
  }

  private report(error: unknown, request: FastifyRequest): void {
    const where = { request_id: request.id, method: request.method, path: pathOf(request) };
    this.log.error({ err: error, ...where }, 'a request failed inside');
  }
}

function unexpected({ id }: FastifyRequest): Problem {
  return problem('internal', `This is a fault in Raworc; its log has the details under request ${id}.`, {
    request_id: id,
  });
}

/** Without the query: it may hold what should not be repeated. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}
