import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { O_PATH } from './open-readable.js';

/** System calls by processor: openat, close, lsetxattr, lgetxattr, llistxattr. */
const SYSTEM_CALLS: Record<string, number[]> = { x64: [257, 3, 189, 192, 195], arm64: [56, 57, 6, 9, 12] };

const FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Node has no call for extended attributes, so Perl makes them, which is there where the shell is. It says with a dot
 * that it is ready, reads lines of hex until an empty one (a path, and when attributes are set `name=value` for each),
 * answers with such lines, and ends with a dot. Each folder on the way is opened by its name in the one before and
 * never through a link.
 */
const PROGRAM = String.raw`
use strict;
my ($FLAGS, $openat, $close, $lset, $lget, $llist) = map { $_ + 0 } @ARGV;
my $KEPT = qr/^(?:user\..*|system\.posix_acl_(?:access|default)|security\.capability)$/s;
my ($folder, $fd) = ('', -1);
my ($names, $value) = ("\0" x 65536, "\0" x 65536);
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
$| = 1;
print ".\n";
$| = 0;
while (my $line = <STDIN>) {
  chomp $line;
  last if $line eq '';
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
  my $size = syscall($llist, $place, $names, 65536);
  next if $size <= 0;
  my @found;
  for my $key (split /\0/, substr($names, 0, $size)) {
    next unless $key =~ $KEPT;
    my $key0 = "$key\0";
    my $length = syscall($lget, $place, $key0, $value, 65536);
    push @found, unpack('H*', $key) . '=' . unpack('H*', substr($value, 0, $length)) if $length >= 0;
  }
  print join(' ', $hex, @found), "\n" if @found;
}
print ".\n";
`;

/** Why snapshots of folders hold no extended attributes; undefined when they do. */
export async function attributesProblem(): Promise<string | undefined> {
  const kept =
    'Snapshots of sessions without containers keep no extended attributes and access control lists';
  const perl = startPerl('/');
  if (perl === undefined)
    return `${kept}: Raworc cannot read them on this kind of processor (${process.arch}).`;
  const answer = await perl.run([]);
  return answer === ''
    ? `${kept}, because Perl is missing. Install it for that (perl-base is enough).`
    : undefined;
}

/** By name; values in base64. */
export type Xattrs = Record<string, string>;

/** Reads attributes of entries below a folder. May start before it is needed, so that the first reading takes less. */
export class XattrReader {
  private perl: Perl | undefined;

  constructor(private readonly files: string) {}

  start(): void {
    this.perl ??= startPerl(this.files);
  }

  /** Waits until reading can begin at once. */
  async prepare(): Promise<void> {
    this.start();
    await this.perl?.ready;
  }

  /** Of those entries that have any. Paths have one character a byte. */
  async read(paths: readonly string[]): Promise<Map<string, Xattrs>> {
    const found = new Map<string, Xattrs>();
    if (paths.length === 0) return found;
    const perl = this.perl ?? startPerl(this.files);
    this.perl = undefined;
    const answer = (await perl?.run(paths.map(hexOf))) ?? '';
    for (const line of answer.split('\n').filter((each) => each !== '' && each !== '.')) {
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
  /** Resolves also when there is no Perl. */
  ready: Promise<void>;
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
  let said = '';
  const ready = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const over = (): void => {
    ready.resolve();
    answered.resolve();
  };
  perl.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk;
    ready.resolve();
    // Not when it has ended, which takes longer. Hex has no dots.
    if (chunk.includes('.') && said.lastIndexOf('.') > said.indexOf('.')) answered.resolve();
  });
  perl.stdin.on('error', () => undefined);
  perl.on('error', over).on('close', over);
  return {
    ready: ready.promise,
    async run(lines) {
      perl.stdin.end(`${lines.join('\n')}\n\n`);
      await answered.promise;
      return said;
    },
    end: () => void perl.kill('SIGKILL'),
  };
}
