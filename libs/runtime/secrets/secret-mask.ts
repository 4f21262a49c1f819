/** A shorter value would be found in words that have nothing to do with it. */
const LEAST_CHARACTERS = 6;
/** Of a value of several lines, such as a private key, each line this long is hidden by itself too. */
const LEAST_OF_A_LINE = 16;

/** A way in which a value may be written. */
interface Form {
  name: string;
  text: string;
  /** Programs break base64 into lines, at any place. */
  breaks: boolean;
}

interface Span {
  from: number;
  to: number;
  name: string;
}

/**
 * Puts `[secret NAME]` in the place of secret values, also where they are written in base64 (alone or within other
 * bytes), in hexadecimal digits, or as a part of a URL or of JSON. It keeps accidents from spreading; a program that
 * wants to get a value past it writes it in some other way.
 */
export class SecretMask {
  private readonly forms: Form[];

  /** @param values by their names; those of fewer than six characters are left as they are */
  constructor(values: Readonly<Record<string, string>>) {
    const forms = Object.entries(values).flatMap(([name, value]) =>
      formsOf(name, value.trim().toWellFormed()),
    );
    // Where several begin at one place, the one that hides most comes first.
    this.forms = forms.toSorted((a, b) => b.text.length - a.text.length);
  }

  apply(text: string): string {
    return this.forms.length === 0 ? text : replace(text, this.spansIn(text));
  }

  /** For text that comes in pieces; a value may be spread over several of them. */
  stream(): MaskedStream {
    let held = '';
    return {
      push: (piece) => {
        const text = this.apply(held + piece);
        const end = text.length - this.beginningAtTheEnd(text);
        held = text.slice(end);
        return text.slice(0, end);
      },
      end: () => {
        const rest = held;
        held = '';
        return rest;
      },
    };
  }

  private spansIn(text: string): Span[] {
    const joined = joinLines(text);
    return this.forms.flatMap((form) => {
      if (!form.breaks) return find(form, text);
      const end = form.text.length;
      return find(form, joined.text).map(({ from, name }) => ({
        from: joined.at(from),
        to: joined.at(from + end - 1) + 1,
        name,
      }));
    });
  }

  /** How many characters at the end of a text may be the beginning of a value. */
  private beginningAtTheEnd(text: string): number {
    const longest = (this.forms[0]?.text.length ?? 0) - 1;
    for (let length = Math.min(longest, text.length); length > 0; length -= 1) {
      const end = text.slice(-length);
      if (this.forms.some((form) => form.text.startsWith(end))) return length;
    }
    return 0;
  }
}

export interface MaskedStream {
  /** What can be shown by now; the rest waits for the next piece. */
  push(piece: string): string;
  /** What is left when nothing more comes. */
  end(): string;
}

function formsOf(name: string, value: string): Form[] {
  if (value.length < LEAST_CHARACTERS) return [];
  const lines = value.split('\n').map((line) => line.trim());
  const long = lines.length > 1 ? lines.filter((line) => line.length >= LEAST_OF_A_LINE) : [];
  const bytes = Buffer.from(value);
  const url = encodeURIComponent(value);
  const plain = [
    value,
    ...long,
    JSON.stringify(value).slice(1, -1),
    ...[url, url.replaceAll('%20', '+')].flatMap((each) => [each, lowerEscapes(each)]),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ];
  const base64 = [0, 1, 2].map((before) => base64Within(bytes, before));
  const inUrls = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [
    ...[...new Set(plain)].map((text) => ({ name, text, breaks: false })),
    ...[...new Set([...base64, ...inUrls])].map((text) => ({ name, text, breaks: true })),
  ];
}

/** The characters of base64 that stand for these bytes alone, whatever comes before (so many bytes modulo 3) and after. */
function base64Within(bytes: Buffer, before: number): string {
  const padded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return padded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function find({ name, text: wanted }: Form, text: string): Span[] {
  const spans: Span[] = [];
  for (let from = text.indexOf(wanted); from !== -1; from = text.indexOf(wanted, from + wanted.length)) {
    spans.push({ from, to: from + wanted.length, name });
  }
  return spans;
}

/** The text without its line breaks, and where each of its characters came from. */
function joinLines(text: string): { text: string; at: (index: number) => number } {
  if (!text.includes('\n')) return { text, at: (index) => index };
  const places: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== '\n' && text[index] !== '\r') places.push(index);
  }
  return { text: text.replace(/[\r\n]/g, ''), at: (index) => places[index]! };
}

/** Spans that overlap are hidden together, by the name of the one that begins first. */
function replace(text: string, spans: Span[]): string {
  let shown = '';
  let end = 0;
  for (const { from, to, name } of spans.toSorted((a, b) => a.from - b.from)) {
    if (from >= end) shown += `${text.slice(end, from)}[secret ${name}]`;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}
