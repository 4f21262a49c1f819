// What the page says over the screen, when there is something to say.

const OF_STATE = {
  init: ['The computer starts', 'The screen appears here as soon as it runs.'],
  deleted: ['The session was deleted', 'Its computer is gone with it.'],
};

/** A title and a sentence, or undefined when the screen speaks for itself. */
export function noticeOf({ session, ended, shown }) {
  if (ended?.code === 'unauthorized') {
    return {
      title: 'This page is not valid any more',
      text: 'Open the desktop again with: raworc session desktop',
    };
  }
  if (session === undefined) return { title: 'Connecting …', text: '' };
  const [title, text] = OF_STATE[session.state] ?? [];
  if (title !== undefined) return { title, text };
  if (!session.desktop) {
    return {
      title: 'This computer has no desktop',
      text: 'Create a session with one: raworc session --desktop',
    };
  }
  if (session.state === 'closed') {
    return {
      title: 'The session is closed',
      text: `Its files are kept. Open it again with: raworc session restore ${session.name}`,
    };
  }
  if (shown) return undefined;
  return ended?.text
    ? { title: 'Connecting again …', text: ended.text }
    : { title: 'Connecting …', text: '' };
}
