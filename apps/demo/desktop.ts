import type { ScriptBlock, ScriptRule } from '#stand-in';
import type { Step } from './story.js';

/** Halves of the screen below the title: where to write on the left, the button on the right. */
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Guest book</title>
<style>
  body { margin: 0; height: 100vh; display: grid; grid-template: 30% 70% / 1fr 1fr; font: 28px sans-serif }
  header { grid-column: span 2; padding: 0 1em; background: #2e3440; color: #eceff4 }
  input, button { font: inherit; border: 0; text-align: center }
  button { background: #a3be8c }
</style>
<header><h1>Guest book</h1><div id="entries"></div></header>
<input placeholder="Write something"><button>Sign</button>
<script>
  const [input, button] = [document.querySelector('input'), document.querySelector('button')];
  let count = 0;
  button.onclick = () => {
    document.getElementById('entries').append(\`“\${input.value}” \`);
    document.title = \`Guest book, signed \${++count} time\${count > 1 ? 's' : ''}\`;
    input.value = '';
  };
</script>
`;

const LEFT = [320, 540];
const RIGHT = [960, 540];
const OPEN =
  'browser file:///session/code/guestbook.html >/dev/null 2>&1 & for _ in $(seq 300); do xdotool search --name "Guest book" && break; sleep 0.1; done >/dev/null 2>&1';

/** What Host does with a screen: writes a page, opens it, clicks, types, looks. */
export const desktopScript: ScriptRule = {
  lastUserText: /guest book/,
  replies: [
    [
      { type: 'text', text: 'I will write the page and open it in the browser.' },
      use('str_replace_based_edit_tool', {
        command: 'create',
        path: 'code/guestbook.html',
        file_text: PAGE,
      }),
      use('bash', { command: OPEN }),
      onScreen('screenshot'),
    ],
    [
      { type: 'text', text: 'There it is. I will sign it.' },
      onScreen('left_click', { coordinate: LEFT }),
      onScreen('type', { text: 'Ada was here ✓' }),
      onScreen('left_click', { coordinate: RIGHT }),
      onScreen('screenshot'),
    ],
    [use('bash', { command: 'xdotool search --name "Guest book" getwindowname %@' })],
    [
      {
        type: 'text',
        text: 'The guest book works: I signed it in the browser. It is in code/guestbook.html.',
      },
    ],
  ],
};

/** @param picture where the picture of the screen goes */
export function desktopStory(picture: string): Step[] {
  return [
    {
      why: 'Its computer has a screen: Host sees it, clicks and types.',
      command: ['session', '--name', 'guestbook'],
      say: ['Make a guest book as a web page and try it out in the browser'],
    },
    {
      why: 'What is on that screen now. To watch it live, and to take the mouse: raworc session desktop.',
      command: ['session', 'screenshot', 'guestbook', '--output', picture],
    },
  ];
}

type ToolUse = Extract<ScriptBlock, { type: 'tool_use' }>;

function use(name: string, input: Record<string, unknown>): ToolUse {
  return { type: 'tool_use', name, input };
}

function onScreen(name: string, input: Record<string, unknown> = {}): ToolUse {
  return { ...use(name, input), toolset_name: 'computer' };
}
