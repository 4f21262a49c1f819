import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { eventually } from '../../../../test/support/eventually.js';
import { settled } from '../engine/engine.js';
import { dockerProblem } from '../index.js';
import { childProcesses } from './testing.js';
import { SESSION_IMAGE } from '../engine/naming.js';
import { pull } from './base.js';
import { buildImage, RECIPE_LABEL } from './build.js';
import { dockerEngineProblem, listImages } from './index.js';

const problem = await dockerProblem();
if (problem === undefined) describe('images', suite);
else {
  process.stderr.write(`not run: images, because ${problem}\n`);
  it('says why images are not shown here', () => expect(problem).not.toBe(''));
}

function suite(): void {
  const docker = new Docker();
  let context: string;
  let tag: string;
  let steps: string[];

  beforeEach(async () => {
    context = await mkdtemp(join(tmpdir(), 'raworc-image-'));
    tag = `raworc/test:${randomUUID()}`;
    steps = [];
  });

  afterEach(async () => {
    await settled(docker.getImage(tag).remove({ force: true }));
    await rm(context, { recursive: true, force: true });
  });

  const build = async (...lines: string[]) => {
    await writeFile(
      join(context, 'Dockerfile'),
      ['ARG BASE_IMAGE', 'FROM ${BASE_IMAGE}', ...lines].join('\n'),
    );
    const args = { BASE_IMAGE: SESSION_IMAGE };
    const onStep = (step: string) => void steps.push(step);
    await buildImage(docker, { tag, context, args, digest: 'the-digest', onStep });
  };

  it('are built on the base that is given, in steps that are told, and remember their recipe', async () => {
    await build('ENV COLOUR=blue');
    expect(steps).toEqual(
      expect.arrayContaining([expect.stringContaining('FROM'), expect.stringContaining('ENV COLOUR=blue')]),
    );
    const { Config } = await docker.getImage(tag).inspect();
    expect(Config.Env).toContain('COLOUR=blue');
    expect(Config.Labels).toMatchObject({ 'raworc.managed': 'true', [RECIPE_LABEL]: 'the-digest' });
  });

  it('that fail say so with the last lines and what to do', async () => {
    const failing = build('USER 0:0', 'RUN echo the disk is on fire && exit 3');
    await expect(failing).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(
        /could not be built .*returned a non-zero code: 3.*the disk is on fire.*raworc images build/s,
      ),
    });
  });

  it('are listed, those that are missing as well', async () => {
    const images = await listImages();
    expect(images.map((image) => image.name)).toEqual(['session', 'session-desktop', 'service', 'nats']);
    expect(images[0]).toMatchObject({ tag: SESSION_IMAGE, bytes: expect.any(Number) });
  });

  it('are not waited for when the registry says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const deaf = new Docker({ protocol: 'http', host: '127.0.0.1', port });
    expect(await pull(deaf, 'debian:bookworm-slim', 50)).toMatch(/no answer|abort/i);
    silent.close();
  });
}

describe('an engine that refuses in the middle of what it is sent', () => {
  let context: string;
  beforeEach(async () => {
    context = await mkdtemp(join(tmpdir(), 'raworc-image-'));
    await writeFile(join(context, 'Dockerfile'), 'FROM nothing');
    // More than all buffers on the way hold.
    await truncate(join(context, 'Dockerfile'), 64 * 1024 * 1024);
  });
  afterEach(() => rm(context, { recursive: true, force: true }));

  it('says why, and neither tar nor the connection goes on', async () => {
    const others = childProcesses();
    const engine = createHttpServer((request, response) => {
      request.once('data', () => {
        request.pause();
        response.writeHead(500).end('{"message":"no space left on device"}');
      });
    }).listen(0, '127.0.0.1');
    const connected = once(engine, 'connection') as Promise<[Socket]>;
    await once(engine, 'listening');
    const { port } = engine.address() as { port: number };
    const docker = new Docker({ protocol: 'http', host: '127.0.0.1', port });
    const request = { tag: 'raworc/test', context, args: {}, digest: 'none', onStep: () => undefined };
    await expect(buildImage(docker, request)).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('no space left on device'),
    });
    await eventually(async () => childProcesses() === others);
    const [socket] = await connected;
    // The request is cut off in its middle, which is an error to the parser of this server.
    socket.on('error', () => undefined).resume();
    await eventually(async () => socket.closed);
    engine.close();
  });
});

describe('an engine that is not there', () => {
  it('is noticed at once, with what to do', async () => {
    const { DOCKER_HOST: engine } = process.env;
    process.env.DOCKER_HOST = 'unix:///nowhere/docker.sock';
    try {
      const began = performance.now();
      expect(await dockerEngineProblem()).toMatch(/does not answer.*Start it/);
      expect(performance.now() - began).toBeLessThan(1_000);
    } finally {
      if (engine === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = engine;
    }
  });
});
