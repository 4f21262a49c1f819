import { describe, expect, it } from '@jest/globals';
import { PASS_NAME, PASS_SECONDS, Passes } from './passes.js';
import { Tickets } from './tickets.js';

const SESSION = '01890000-0000-7000-8000-000000000001';
const OTHER = '01890000-0000-7000-8000-000000000002';

describe('a ticket', () => {
  it('is long, works once, and for its session only', () => {
    const tickets = new Tickets();
    const { ticket } = tickets.issue(SESSION);
    expect(Buffer.from(ticket, 'base64url')).toHaveLength(32);
    expect(tickets.redeem(ticket, SESSION)).toBe(true);
    expect(tickets.redeem(ticket, SESSION)).toBe(false);
    const second = tickets.issue(SESSION);
    expect(tickets.redeem(second.ticket, OTHER)).toBe(false);
    expect(tickets.redeem(second.ticket, SESSION)).toBe(false);
  });

  it('expires after a minute', () => {
    let now = 1_000_000;
    const tickets = new Tickets(() => now);
    const late = tickets.issue(SESSION);
    now += 59_999;
    const inTime = tickets.issue(SESSION);
    now += 1;
    expect(late.expiresAt).toBe(now);
    expect(tickets.redeem(late.ticket, SESSION)).toBe(false);
    expect(tickets.redeem(inTime.ticket, SESSION)).toBe(true);
  });

  it('gives way to newer ones when very many are asked for', () => {
    const tickets = new Tickets();
    const first = tickets.issue(SESSION);
    const rest = Array.from({ length: 1_000 }, () => tickets.issue(SESSION));
    expect(tickets.redeem(first.ticket, SESSION)).toBe(false);
    expect(rest.every(({ ticket }) => tickets.redeem(ticket, SESSION))).toBe(true);
  });
});

describe('a pass', () => {
  const header = (pass: string) => `a=b; ${PASS_NAME}=${pass}; c=d`;

  it('admits to its session, among other cookies, on every server with the same token', () => {
    const pass = new Passes('token').issue(SESSION);
    expect(new Passes('token').admits(SESSION, header(pass))).toBe(true);
    expect(new Passes('token').admits(OTHER, header(pass))).toBe(false);
    expect(new Passes('another').admits(SESSION, header(pass))).toBe(false);
  });

  it('is refused when it is changed, cut, or none', () => {
    const passes = new Passes('token');
    const pass = passes.issue(SESSION);
    const [expires = '', signature = ''] = pass.split('.');
    const later = `${Number(expires) + 1}.${signature}`;
    for (const wrong of [
      later,
      pass.slice(0, -1),
      expires,
      '',
      '.',
      'x'.repeat(5_000),
      `${pass}; x`.slice(1),
    ]) {
      expect(passes.admits(SESSION, header(wrong))).toBe(false);
    }
    expect(passes.admits(SESSION, undefined)).toBe(false);
  });

  it('expires', () => {
    let now = 1_000_000_000_000;
    const passes = new Passes('token', () => now);
    const pass = passes.issue(SESSION);
    now += (PASS_SECONDS - 1) * 1000;
    expect(passes.admits(SESSION, header(pass))).toBe(true);
    now += 1_000;
    expect(passes.admits(SESSION, header(pass))).toBe(false);
  });
});
