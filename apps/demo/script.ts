import type { ScriptBlock, ScriptRule } from '#stand-in';
import type { Language } from './story.js';

const PROGRAMS = {
  py: {
    quicksort: `def quicksort(items):
    if len(items) <= 1:
        return items
    pivot = items[len(items) // 2]
    return (
        quicksort([x for x in items if x < pivot])
        + [x for x in items if x == pivot]
        + quicksort([x for x in items if x > pivot])
    )


if __name__ == "__main__":
    print(quicksort([5, 3, 8, 1, 9, 2]))
`,
    mergesort: `def mergesort(items):
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left, right = mergesort(items[:middle]), mergesort(items[middle:])
    merged = []
    while left and right:
        merged.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
    return merged + left + right


if __name__ == "__main__":
    print(mergesort([5, 3, 8, 1, 9, 2]))
`,
    test: `cd code && python3 -c "
import random
from quicksort import quicksort
numbers = [random.randrange(10**6) for _ in range(1000)]
assert quicksort(numbers) == sorted(numbers)
print('1000 random numbers: sorted correctly')
" && rm -rf __pycache__`,
  },
  sh: {
    quicksort: `quicksort() {
  [ $# -le 1 ] && { echo "$@"; return; }
  local pivot=$1 low=() high=(); shift
  for x in "$@"; do if [ "$x" -lt "$pivot" ]; then low+=("$x"); else high+=("$x"); fi; done
  echo $(quicksort "\${low[@]}") "$pivot" $(quicksort "\${high[@]}")
}
[ "\${BASH_SOURCE[0]}" = "$0" ] && quicksort \${@:-5 3 8 1 9 2}
true
`,
    mergesort: `mergesort() {
  [ $# -le 1 ] && { echo "$@"; return; }
  local middle=$(($# / 2))
  local left=($(mergesort "\${@:1:middle}")) right=($(mergesort "\${@:middle+1}")) merged=()
  while [ \${#left[@]} -gt 0 ] && [ \${#right[@]} -gt 0 ]; do
    if [ "\${left[0]}" -le "\${right[0]}" ]; then merged+=("\${left[0]}"); left=("\${left[@]:1}")
    else merged+=("\${right[0]}"); right=("\${right[@]:1}"); fi
  done
  echo "\${merged[@]}" "\${left[@]}" "\${right[@]}"
}
mergesort \${@:-5 3 8 1 9 2}
`,
    test: `cd code && n=$(for i in $(seq 1000); do echo $RANDOM; done) && . ./quicksort.sh && [ "$(quicksort $n)" = "$(echo $(printf '%s\\n' $n | sort -n))" ] && echo '1000 random numbers: sorted correctly'`,
  },
};

/** What the stand-in model answers. Host carries it out for real: files are written and programs run. */
export function script({ extension, run }: Language): ScriptRule[] {
  const programs = PROGRAMS[extension];
  return [
    {
      lastUserText: /Implement quicksort/,
      replies: [
        [
          text('I will write it to a file and run it.'),
          write(`code/quicksort.${extension}`, programs.quicksort),
          bash(`${run} code/quicksort.${extension}`),
        ],
        [text(`Quicksort is in code/quicksort.${extension}; the sample came out in order.`)],
      ],
    },
    {
      lastUserText: /thousand random numbers/,
      replies: [
        [text('The file is still here. I will test it.'), bash('ls -l code'), bash(programs.test)],
        [text('It sorts a thousand random numbers correctly.')],
      ],
    },
    {
      lastUserText: /merge sort instead/,
      replies: [
        [
          text('I have quicksort here from the session before; merge sort goes beside it.'),
          write(`code/mergesort.${extension}`, programs.mergesort),
          bash(`${run} code/mergesort.${extension} && ls code`),
        ],
        [text(`Merge sort is in code/mergesort.${extension}, next to the quicksort you had.`)],
      ],
    },
    {
      lastUserText: /Show me/,
      replies: [
        [bash(`${run} code/mergesort.${extension}`)],
        [text('It runs, and the numbers are in order.')],
      ],
    },
  ];
}

function text(content: string): ScriptBlock {
  return { type: 'text', text: content };
}

function write(path: string, file_text: string): ScriptBlock {
  return use('str_replace_based_edit_tool', { command: 'create', path, file_text });
}

function bash(command: string): ScriptBlock {
  return use('bash', { command });
}

function use(name: string, input: Record<string, unknown>): ScriptBlock {
  return { type: 'tool_use', name, input };
}
