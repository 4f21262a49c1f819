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
  connect(leaseId) {
    this.#leave();
    const query = leaseId === undefined ? '' : `?control=1&lease_id=${leaseId}`;
    const socket = new WebSocket(`${this.#address}${query}`, ['binary']);
    this.#socket = socket;
    socket.addEventListener('close', ({ reason }) => {
      if (this.#socket === socket) this.#ended(reason);
    });
    const rfb = new RFB(this.#target, socket, { shared: true });
    this.#rfb = rfb;
    rfb.viewOnly = leaseId === undefined;
    rfb.scaleViewport = true;
    rfb.background = 'transparent';
    rfb.addEventListener('connect', () => {
      if (this.#rfb !== rfb) return;
      this.isShown = true;
      this.#pause = SHORTEST_PAUSE_MS;
      if (leaseId !== undefined) rfb.focus();
      this.#listener.onShown();
    });
  }

  /** After a pause that grows with each failure, if it is wanted then. */
  connectSoon(isWanted, leaseId) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (isWanted()) this.connect(leaseId());
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
