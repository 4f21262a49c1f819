import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { DesktopLink, Session } from '#contracts';
import { eventually } from '../../../test/support/eventually.js';
import { createDesktopSession } from '../testing/desktop-client.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

const PAGE = resolve(import.meta.dirname, '../../../docs/proxy.md');

interface Place {
  folder: string;
  /** Of the proxy. */
  port: number;
  /** Where Raworc listens. */
  server: string;
}

interface Proxy {
  name: string;
  program: string | undefined;
  start(block: string, place: Place): Promise<ChildProcess>;
}

const PROXIES: Proxy[] = [
  { name: 'nginx', program: find('nginx'), start: startNginx },
  { name: 'caddy', program: find('caddy'), start: startCaddy },
];

describe.each(PROXIES)('behind $name, as the page about proxies says', (proxy) => {
  if (proxy.program === undefined && process.env['CI'] === undefined) {
    it.skip(`does not run here: ${proxy.name} is not installed`, () => undefined);
    return;
  }

  let folder: string;
  let app: TestApp;
  let running: ChildProcess;
  let ca: Buffer;
  let base: string;
  let session: Session;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-proxy-'));
    const port = await freePort();
    base = `https://localhost:${port}/raworc`;
    app = await startTestApp({ publicUrl: base });
    makeCertificate(folder);
    ca = await readFile(join(folder, 'cert.pem'));
    const block = blockOf(await readFile(PAGE, 'utf8'), proxy.name);
    running = await proxy.start(block, { folder, port, server: new URL(app.url).host });
    await eventually(() =>
      ask('/healthz').then(
        ({ statusCode }) => statusCode === 200,
        () => false,
      ),
    );
    session = await createDesktopSession(app);
  });
  afterAll(async () => {
    running.kill();
    await once(running, 'exit');
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const headersWith = (more: object) => ({ authorization: `Bearer ${TOKEN}`, ...more });

  async function ask(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const asked = httpsRequest(path.startsWith('https:') ? path : `${base}${path}`, {
      ca,
      headers: headersWith({}),
      agent: false,
      ...options,
    });
    asked.end();
    const [reply] = (await once(asked, 'response')) as [IncomingMessage];
    return reply;
  }

  it('gives addresses that lead back through the proxy', async () => {
    const made = await ask('/api/v0/sessions', { method: 'POST' });
    const { id } = JSON.parse(await text(made)) as Session;
    expect([made.statusCode, made.headers.location]).toEqual([201, `/raworc/api/v0/sessions/${id}`]);
    const list = await ask('/api/v0/sessions?limit=1');
    const next = /^<([^>]+)>/.exec(String(list.headers.link))?.[1] ?? '';
    expect(next).toMatch(/^\/raworc\/api\/v0\/sessions\?limit=1&after=/);
    list.resume();
    const second = await ask(new URL(next, base).href);
    expect([second.statusCode, (JSON.parse(await text(second)) as Session[]).length]).toEqual([200, 1]);
  });

  it('packs what is large', async () => {
    for (let n = 0; n < 5; n++) await app.client.post('sessions', { instructions: 'x'.repeat(1000) });
    const list = await ask('/api/v0/sessions', { headers: headersWith({ 'accept-encoding': 'gzip' }) });
    list.resume();
    expect(list.headers['content-encoding']).toBe('gzip');
  });

  it('shows a desktop: page, styles, state and stream, with a cookie for its own paths', async () => {
    const link = await ask(`/api/v0/sessions/${session.id}/desktop`, { method: 'POST' });
    const { url } = JSON.parse(await text(link)) as DesktopLink;
    expect(url).toMatch(`${base}/api/v0/sessions/${session.id}/desktop?ticket=`);
    const entered = await ask(url, { headers: {} });
    const cookies = entered.headers['set-cookie'] ?? [];
    expect(cookies.map((cookie) => /Path=([^;]+); Secure$/.exec(cookie)?.[1])).toEqual([
      `/raworc/api/v0/sessions/${session.id}/desktop`,
      `/raworc/api/v0/sessions/${session.id}/control`,
    ]);
    const lead = /url=([^"]+)/.exec(await text(entered))?.[1] ?? '';
    const cookie = cookies[0]?.split(';')[0] ?? '';
    const address = new URL(lead, base);
    const page = await text(await ask(address.href, { headers: { cookie } }));
    const style = /href="([^"]+\.css)"/.exec(page)?.[1] ?? '';
    const styles = await ask(new URL(style, address).href, { headers: {} });
    styles.resume();
    expect(styles.statusCode).toBe(200);
    const status = await ask(`${address.href}/status`, {
      headers: { cookie, accept: 'text/event-stream' },
    });
    const [first] = (await once(status.setEncoding('utf8'), 'data')) as [string];
    expect(first).toContain('data:');
    status.destroy();
    const { origin } = new URL(base);
    const socket = new WebSocket(`${address.href.replace('https', 'wss')}/stream`, 'binary', {
      ca,
      headers: { cookie, origin },
    });
    await once(socket, 'open');
    socket.close();
    await once(socket, 'close');
  });

  it('refuses pages of other origins', async () => {
    const reply = await ask('/api/v0/sessions', { headers: headersWith({ origin: 'https://localhost' }) });
    reply.resume();
    expect(reply.statusCode).toBe(403);
  });

  it('streams events as they come', async () => {
    const headers = headersWith({ accept: 'text/event-stream' });
    const asked = get(`${base}/api/v0/sessions/${session.id}/events`, {
      ca,
      headers,
      agent: false,
    });
    const [stream] = (await once(asked, 'response')) as [IncomingMessage];
    expect(stream.statusCode).toBe(200);
    let heard = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
    await app.client.post(`sessions/${session.id}/messages`, { content: 'heard at once' });
    await eventually(async () => heard.includes('heard at once'));
    stream.destroy();
  });
});

/** What stands under the heading of a proxy. */
function blockOf(page: string, language: string): string {
  const block = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/proxy.md has no block for ${language}.`);
  return block;
}

async function startNginx(block: string, { folder, port, server }: Place): Promise<ChildProcess> {
  const site = block
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/ssl/example.com.pem', join(folder, 'cert.pem'))
    .replace('/etc/ssl/example.com.key', join(folder, 'key.pem'))
    .replace('example.com', 'localhost')
    .replace('127.0.0.1:9000', server);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const folders = temporary.map((name) => `${name}_temp_path ${folder};`).join(' ');
  const conf = `daemon off; pid ${folder}/pid; error_log ${folder}/log; events {} http { access_log off; ${folders}\n${site}}`;
  await writeFile(join(folder, 'nginx.conf'), conf);
  return spawn(find('nginx')!, ['-e', join(folder, 'log'), '-c', join(folder, 'nginx.conf')], {
    stdio: 'inherit',
  });
}

async function startCaddy(block: string, { folder, port, server }: Place): Promise<ChildProcess> {
  const tls = `\n  bind 127.0.0.1\n  tls ${join(folder, 'cert.pem')} ${join(folder, 'key.pem')}\n`;
  const site = block
    .replace('example.com {', `https://localhost:${port} {${tls}`)
    .replace('127.0.0.1:9000', server);
  await writeFile(join(folder, 'Caddyfile'), `{\n  admin off\n  auto_https disable_redirects\n}\n${site}`);
  const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return spawn(find('caddy')!, args, { stdio: 'ignore', env });
}

function makeCertificate(folder: string): void {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  execFileSync('openssl', [...kind, ...files, ...names], { stdio: 'ignore' });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

/** Servers lie in folders that the path of plain users does not have. */
function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find(existsSync);
}
