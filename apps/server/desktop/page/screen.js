/* global location, WebSocket, setTimeout, clearTimeout */
// The screen itself: one connection at a time, which comes back after it broke.
import RFB from '../novnc/core/rfb.js';

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export class Screen {
  isShown = false;
  #target;
  #address;
  #listener;
  #rfb;
  #socket;
  #timer;
  #pause = SHORTEST_PAUSE_MS;

  /** The listener is told when the screen shows, and when a connection ended: `{code, text}`. */
  constructor(target, path, listener) {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#address = `${scheme}//${location.host}${path}`;
    this.#target = target;
    this.#listener = listener;
  }

  get isOpen() {
    return this.#socket !== undefined || this.#timer !== undefined;
  }

  /** Replaces the connection that there is. With a lease it uses the screen, without it only watches. */
  connect(lease) {
    this.#leave();
    const socket = new WebSocket(`${this.#address}${queryOf(lease)}`, ['binary']);
    this.#socket = socket;
    socket.addEventListener('close', ({ reason }) => {
      if (this.#socket === socket) this.#ended(reason);
    });
    const rfb = new RFB(this.#target, socket, { shared: true });
    this.#rfb = rfb;
    rfb.viewOnly = lease === undefined;
    rfb.scaleViewport = true;
    rfb.background = 'transparent';
    rfb.addEventListener('connect', () => {
      if (this.#rfb !== rfb) return;
      this.isShown = true;
      this.#pause = SHORTEST_PAUSE_MS;
      if (lease !== undefined) rfb.focus();
      this.#listener.onShown();
    });
  }

  /** After a pause that grows with each failure, if it is wanted then. */
  connectSoon(isWanted, lease) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (isWanted()) this.connect(lease());
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket = undefined;
    this.isShown = false;
    this.#rfb?.disconnect();
    this.#rfb = undefined;
  }

  #ended(reason) {
    this.#leave();
    const [, code = 'lost', text = ''] = /^(\w+)(?:: (.*))?$/.exec(reason) ?? [];
    this.#listener.onEnded({ code, text });
  }
}

/** Control that was had once is only taken up again: who was away for long asks a person first. */
function queryOf(lease) {
  if (lease === undefined) return '';
  return `?control=1&lease_id=${lease.id}${lease.had ? '&resume=1' : ''}`;
}
