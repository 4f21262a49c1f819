/** One thing a user would do: why, what they type, and what they then say to Host. */
export interface Step {
  why: string;
  /** Arguments of `raworc`. */
  command: string[];
  /** Lines typed at the prompt; the session is left afterwards. */
  say?: string[];
}

export interface Language {
  name: 'Python' | 'Bash';
  extension: 'py' | 'sh';
  run: 'python3' | 'bash';
}

export function story({ name, extension, run }: Language): Step[] {
  return [
    {
      why: 'A session is a conversation with Host and a computer of its own.',
      command: ['session', '--name', 'quicksort'],
      say: [`Implement quicksort in ${name}`],
    },
    {
      why: 'Closing ends its processes and keeps everything else.',
      command: ['session', 'close', 'quicksort'],
    },
    {
      why: 'Restoring brings it back with files and conversation in place.',
      command: ['session', 'restore', 'quicksort'],
      say: ['Now test it with a thousand random numbers'],
    },
    {
      why: 'A remix is a new session with this conversation and these files; the source stays as it is.',
      command: ['session', 'remix', 'quicksort', '--name', 'mergesort'],
      say: ['Now implement the same using merge sort instead'],
    },
    {
      why: 'Two sessions now, each on its own.',
      command: ['session', 'list'],
    },
    {
      why: 'What Host wrote in the remix ran for real, on a real computer.',
      command: ['session', 'restore', 'mergesort'],
      say: [`Show me that code/mergesort.${extension} runs with ${run}`],
    },
    {
      why: 'The messages of a session, as scripts get them.',
      command: ['api', 'sessions/quicksort/messages?limit=2'],
    },
    {
      why: 'Everything is an event on the log: this is the whole history of the first session.',
      command: ['session', 'events', 'quicksort'],
    },
  ];
}
