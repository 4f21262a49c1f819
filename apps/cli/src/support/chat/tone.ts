import type { Paint } from '../terminal/paint.js';
import type { Tone } from './output.js';

export function toneOf(tone: Tone, color: Paint): (text: string) => string {
  switch (tone) {
    case 'plain':
      return (text) => text;
    case 'dim':
      return color.dim;
    case 'tool':
      return color.cyan;
    case 'good':
      return color.green;
    case 'bad':
      return color.red;
  }
}
