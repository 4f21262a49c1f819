/* global document, EventSource, fetch, location */
// The page of a session's desktop: puts together what the session says, the screen, and who uses it.
import { noticeOf } from './notices.js';
import { Screen } from './screen.js';

const part = (id) => document.getElementById(id);
const base = location.pathname.replace(/\/+$/, '');

/** Nothing is known before the first status. */
let session;
/** Why the last connection ended; forgotten when the next one shows the screen. */
let ended;
/** The control that this page has, or wants: its id, and whether the page had it already. */
let lease;

const screen = new Screen(part('screen'), `${base}/stream`, {
  onShown: () => {
    ended = undefined;
    if (lease !== undefined) lease.had = true;
    draw();
  },
  onEnded: (reason) => {
    ended = reason;
    if (!['computer_failed', 'stopping', 'lost'].includes(reason.code)) lease = undefined;
    draw();
    screen.connectSoon(mayConnect, () => lease);
  },
});

const statuses = new EventSource(`${base}/status`);
statuses.onmessage = ({ data }) => {
  session = JSON.parse(data);
  if (session.state === 'deleted') statuses.close();
  draw();
  if (mayConnect() && !screen.isOpen) screen.connect(lease);
};
statuses.onerror = () => {
  if (statuses.readyState !== EventSource.CLOSED) return;
  session = undefined;
  ended = { code: 'unauthorized' };
  draw();
};

part('control').onclick = () => (lease === undefined ? takeControl() : giveBack());

function takeControl() {
  lease = { id: newLeaseId(), had: false };
  screen.connect(lease);
  draw();
}

/** The server ends the connection that had control; the page then only watches. */
async function giveBack() {
  const { id } = lease;
  lease = undefined;
  draw();
  const address = `${base.replace(/desktop$/, 'control')}?lease_id=${id}`;
  await fetch(address, { method: 'DELETE' }).catch(() => undefined);
  screen.connect(lease);
}

function mayConnect() {
  return session?.desktop === true && (session.state === 'idle' || session.state === 'busy');
}

function draw() {
  const inControl = lease !== undefined && screen.isShown;
  document.body.classList.toggle('in-control', inControl);
  drawSession(inControl);
  const button = part('control');
  button.hidden = !mayConnect();
  button.textContent = inControl ? 'Give back' : 'Take control';
  button.disabled = !screen.isShown || (!inControl && Boolean(session?.controlled_by));
  const notice = noticeOf({ session, ended, shown: screen.isShown });
  part('notice').hidden = notice === undefined;
  part('notice-title').textContent = notice?.title ?? '';
  part('notice-text').textContent = notice?.text ?? '';
}

function drawSession(inControl) {
  if (session === undefined) return;
  document.title = `${session.name} · Raworc`;
  part('name').textContent = session.name;
  part('state').hidden = false;
  part('state').textContent = session.state;
  part('state').dataset.state = session.state;
  part('holder').textContent = holderOf(inControl);
}

function holderOf(inControl) {
  if (!mayConnect()) return '';
  if (inControl) return 'You have control; Host waits';
  return session.controlled_by ? `${session.controlled_by} has control` : 'Host has control; you watch';
}

/** `crypto.randomUUID` is only there on secure origins. */
function newLeaseId() {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
