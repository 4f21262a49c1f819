import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { O_PATH } from './open-readable.js';

/** System calls by processor: openat, close, lsetxattr, lgetxattr, llistxattr. */
const SYSTEM_CALLS: Record<string, number[]> = { x64: [257, 3, 189, 192, 195], arm64: [56, 57, 6, 9, 12] };

const FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Node has no call for extended attributes, so Perl makes them, which is there where the shell is. It reads lines of
 * hex: a path, and when attributes are set `name=value` for each; it answers with such lines. Each folder on the way is
 * opened by its name in the one before and never through a link.
 */
const PROGRAM = String.raw`
use strict;
my ($FLAGS, $openat, $close, $lset, $lget, $llist) = map { $_ + 0 } @ARGV;
my $KEPT = qr/^(?:user\..*|system\.posix_acl_(?:access|default)|security\.capability)$/s;
my ($folder, $fd) = ('', -1);
sub folder_of {
  my ($path) = @_;
  return $fd if $fd >= 0 && $path eq $folder;
  my $below = $path;
  # Folders come before what is in them, so the way mostly goes on from the last one.
  if ($fd < 0 || $folder eq '' || index($path, "$folder/") != 0) {
    syscall($close, $fd) if $fd >= 0;
    my $dot = '.';
    $fd = syscall($openat, -100, $dot, $FLAGS, 0);
  } else {
    $below = substr($path, length($folder) + 1);
  }
  for my $name (split m{/}, $below) {
    my $next = syscall($openat, $fd, $name, $FLAGS, 0);
    syscall($close, $fd);
    $fd = $next;
    last if $fd < 0;
  }
  $folder = $path;
  return $fd;
}
while (my $line = <STDIN>) {
  chomp $line;
  my ($hex, @set) = split / /, $line;
  my $path = pack('H*', $hex);
  my ($parent, $name) = $path =~ m{^(?:(.*)/)?([^/]+)$}s;
  my $at = folder_of($parent // '');
  next if $at < 0;
  my $place = "/proc/self/fd/$at/$name\0";
  if (@set) {
    for (@set) {
      my ($key, $value) = map { pack('H*', $_) } split /=/, $_, 2;
      my $key0 = "$key\0";
      syscall($lset, $place, $key0, $value, length $value, 0);
    }
    next;
  }
  my $names = "\0" x 65536;
  my $size = syscall($llist, $place, $names, 65536);
  next if $size <= 0;
  my @found;
  for my $key (split /\0/, substr($names, 0, $size)) {
    next unless $key =~ $KEPT;
    my ($key0, $value) = ("$key\0", "\0" x 65536);
    my $length = syscall($lget, $place, $key0, $value, 65536);
    push @found, unpack('H*', $key) . '=' . unpack('H*', substr($value, 0, $length)) if $length >= 0;
  }
  print join(' ', $hex, @found), "\n" if @found;
}
`;

/** By name; values in base64. */
export type Xattrs = Record<string, string>;

/** Reads attributes of entries below a folder. Starts before it is needed, so that the first reading takes less. */
export class XattrReader {
  private perl: Perl | undefined;

  constructor(private readonly files: string) {
    this.perl = startPerl(files);
  }

  /** Of those entries that have any. Paths have one character a byte. */
  async read(paths: readonly string[]): Promise<Map<string, Xattrs>> {
    const found = new Map<string, Xattrs>();
    if (paths.length === 0) return found;
    const perl = this.perl ?? startPerl(this.files);
    this.perl = undefined;
    const answer = (await perl?.run(paths.map(hexOf))) ?? '';
    for (const line of answer.split('\n').filter((each) => each !== '')) {
      const [path = '', ...pairs] = line.split(' ');
      const attributes = pairs.map((pair): [string, string] => {
        const [name = '', value = ''] = pair.split('=');
        return [Buffer.from(name, 'hex').toString('utf8'), Buffer.from(value, 'hex').toString('base64')];
      });
      found.set(Buffer.from(path, 'hex').toString('latin1'), Object.fromEntries(attributes.sort()));
    }
    return found;
  }

  close(): void {
    this.perl?.end();
    this.perl = undefined;
  }
}

/** Sets attributes; what the file system or our rights refuse is left out. */
export async function writeXattrs(files: string, entries: ReadonlyMap<string, Xattrs>): Promise<void> {
  if (entries.size === 0) return;
  const lines = [...entries].map(([path, attributes]) => {
    const pairs = Object.entries(attributes).map(
      ([name, value]) =>
        `${Buffer.from(name).toString('hex')}=${Buffer.from(value, 'base64').toString('hex')}`,
    );
    return [hexOf(path), ...pairs].join(' ');
  });
  await startPerl(files)?.run(lines);
}

function hexOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('hex');
}

interface Perl {
  /** Gives what it answered; nothing without Perl. */
  run(lines: string[]): Promise<string>;
  end(): void;
}

/** Undefined on a processor whose calls are not known. */
function startPerl(files: string): Perl | undefined {
  const calls = SYSTEM_CALLS[process.arch];
  if (calls === undefined) return undefined;
  const perl = spawn('perl', ['-e', PROGRAM, ...[FLAGS, ...calls].map(String)], {
    cwd: files,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const said: Buffer[] = [];
  perl.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  perl.stdin.on('error', () => undefined);
  const closed = once(perl, 'close').catch(() => undefined);
  return {
    async run(lines) {
      perl.stdin.end(`${lines.join('\n')}\n`);
      await closed;
      return Buffer.concat(said).toString('latin1');
    },
    end: () => void perl.kill('SIGKILL'),
  };
}
