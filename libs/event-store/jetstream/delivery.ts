/** What the server says about a delivered message, in the subject that an acknowledgement goes to. */
export interface DeliveryInfo {
  attempt: number;
  sequence: number;
  /** 1, 2, … over the consumer's deliveries. */
  consumerSequence: number;
  /** Unix seconds with fraction, cut to milliseconds as direct reads have them. */
  storedAt: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<attempt>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`; the newer form
 * has domain and account after `$JS.ACK`, and may have one token more at the end.
 */
export function parseDelivery(reply: string): DeliveryInfo {
  const tokens = reply.split('.');
  const first = tokens.length >= 11 ? 6 : 4;
  return {
    attempt: Number(tokens[first]),
    sequence: Number(tokens[first + 1]),
    consumerSequence: Number(tokens[first + 2]),
    storedAt: Math.floor(Number(tokens[first + 3]) / 1e6) / 1000,
  };
}
