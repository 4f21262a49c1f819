// Stands in for the service's program: starts as quickly, answers as much, and fails as it is told to.
import {
  openSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  appendFileSync,
  existsSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';

const { RAWORC_HOME: home, RAWORC_PORT: port, STAND_IN: behaviour } = process.env;
const file = join(home, 'service.json');
const lock = join(home, 'lock');
const socket = join(home, 'api.sock');
/** The name by which a folder that is open is reached, however long its own is. */
const reachable = `/proc/self/fd/${openSync(home, 'r')}/api.sock`;

if (process.argv.includes('--doctor')) {
  const checks = [
    { check: 'node', ok: true, detail: process.version },
    { check: 'engine', ok: true, absent: true, detail: 'the Docker engine does not answer' },
    { check: 'nats-server', ok: false, detail: 'none was found', fix: 'Set RAWORC_NATS_SERVER.' },
  ];
  console.log(
    JSON.stringify({ checks, settings: [{ setting: 'RAWORC_PORT', value: port, source: 'the flag' }] }),
  );
} else if (behaviour === 'refuses') fail('port_in_use', 'Port 9000 is in use by another program.');
else if (behaviour === 'crashes') throw new TypeError('it fell over');
else if (behaviour === 'has no sandbox' && !isUnsafeAllowed())
  fail('driver_unavailable', 'No sandbox for sessions: bubblewrap is missing.');
else if (existsSync(lock)) fail('home_in_use', 'A service already runs on this home.');
else serve();

function isUnsafeAllowed() {
  const config = join(home, 'config.json');
  return existsSync(config) && JSON.parse(readFileSync(config, 'utf8')).computers === 'local-unsafe';
}

function fail(code, message) {
  console.error(JSON.stringify({ code, message }));
  process.exitCode = 1;
}

function serve() {
  writeFileSync(lock, String(process.pid), { flag: 'wx' });
  mkdirSync(join(home, 'logs'), { recursive: true });
  const token = join(home, 'token');
  if (!existsSync(token)) writeFileSync(token, 'the-local-token\n', { mode: 0o600 });
  const bearer = `Bearer ${readFileSync(token, 'utf8').trim()}`;
  log('listening');
  const server = createServer(({ url, headers }, response) => {
    const open = url === '/healthz' || url === '/api/v0/version';
    const status = open || headers.authorization === bearer ? 200 : 401;
    const sessions = [{ state: 'idle' }, { state: 'idle' }, { state: 'closed' }];
    const body = url === '/api/v0/version' ? { version: '1.2.3', api: 'v0' } : sessions;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const local = createSocketServer((connection) => server.emit('connection', connection));
  server.once('error', (error) => {
    rmSync(lock);
    fail(error.code === 'EADDRINUSE' ? 'port_in_use' : 'internal', error.message);
  });
  server.listen(Number(port), '127.0.0.1', () => {
    rmSync(socket, { force: true });
    local.listen(reachable, ready);
  });
  function ready() {
    const { port: bound } = server.address();
    const started_at = Date.now() / 1000;
    const found = {
      pid: process.pid,
      identity: identity(),
      port: bound,
      url: `http://127.0.0.1:${bound}`,
      started_at,
      computers: process.env.RAWORC_COMPUTERS,
      version: '1.2.3',
    };
    writeFileSync(`${file}.draft`, JSON.stringify(found));
    renameSync(`${file}.draft`, file);
  }
  process.on('SIGTERM', () => {
    local.close();
    server.close();
    server.closeAllConnections();
    setTimeout(end, behaviour === 'stops slowly' ? 2_000 : 0);
  });
}

function identity() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${started}`;
}

function end() {
  log('stopped');
  rmSync(file);
  rmSync(lock);
  process.exit(0);
}

function log(msg) {
  const entry = { level: 30, time: Date.now(), name: 'raworc', msg, part: 'server' };
  appendFileSync(join(home, 'logs', 'service.log'), `${JSON.stringify(entry)}\n`);
}
