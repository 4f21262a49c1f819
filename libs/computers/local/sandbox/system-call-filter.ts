import { CLONE3, SYSTEM_CALLS, type SystemCalls } from './system-calls.js';

/** Opcodes of classic BPF (linux/filter.h). */
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const refuseWith = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** Offsets in struct seccomp_data; of an argument the lower half, as both architectures are little-endian. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

/** CLONE_NEW* of linux/sched.h; CLONE_NEWTIME shares its bit with the exit signal of clone. */
const NEW_NAMESPACES = 0x7e020000;
const NEW_TIME_NAMESPACE = 0x80;

/** AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. The other families are no business of a network namespace's own. */
const SOCKET_FAMILIES = [1, 2, 10, 16];

/** Put characters into the input of a terminal, as if its user had typed them. */
const TERMINAL_INPUT = [0x5412, 0x541c];

type Instruction = [code: number, ifTrue: number, ifFalse: number, operand: number];

/**
 * A seccomp filter for the processes of a sandbox, in the form that the kernel loads; undefined for an architecture
 * whose system calls are not known here. What it refuses is what leads out of a sandbox or into rarely used parts of
 * the kernel. Programs fall back to other ways, so most of it fails with EPERM; clone3 hides its flags from a filter
 * and fails with ENOSYS, upon which the C library takes clone. Debuggers work.
 */
export function systemCallFilter(architecture: string = process.arch): Buffer | undefined {
  const calls = SYSTEM_CALLS[architecture];
  return calls && encode(program(calls));
}

function program(calls: SystemCalls): Instruction[] {
  const { auditArch, foreignFrom, clone, unshare, socket, ioctl, refused } = calls;
  return [
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, auditArch],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, NUMBER],
    ...(foreignFrom === undefined ? [] : returnIf(JUMP_AT_LEAST, foreignFrom, refuseWith(ENOSYS))),
    ...returnIf(JUMP_EQUAL, CLONE3, refuseWith(ENOSYS)),
    ...Object.values(refused).flatMap((number) => returnIf(JUMP_EQUAL, number, refuseWith(EPERM))),
    ...forCall(clone, [
      [LOAD_WORD, 0, 0, argument(0)],
      ...returnIf(JUMP_ANY_BIT, NEW_NAMESPACES, refuseWith(EPERM)),
    ]),
    ...forCall(unshare, [
      [LOAD_WORD, 0, 0, argument(0)],
      ...returnIf(JUMP_ANY_BIT, NEW_NAMESPACES | NEW_TIME_NAMESPACE, refuseWith(EPERM)),
    ]),
    ...forCall(socket, [
      [LOAD_WORD, 0, 0, argument(0)],
      ...SOCKET_FAMILIES.flatMap((family) => returnIf(JUMP_EQUAL, family, ALLOW)),
      [RETURN, 0, 0, refuseWith(EAFNOSUPPORT)],
    ]),
    ...forCall(ioctl, [
      [LOAD_WORD, 0, 0, argument(1)],
      ...TERMINAL_INPUT.flatMap((request) => returnIf(JUMP_EQUAL, request, refuseWith(EPERM))),
    ]),
    [RETURN, 0, 0, ALLOW],
  ];
}

function returnIf(test: number, operand: number, result: number): Instruction[] {
  return [
    [test, 0, 1, operand],
    [RETURN, 0, 0, result],
  ];
}

/** Runs `body` for one call only. What falls out of its end is allowed. */
function forCall(number: number, body: Instruction[]): Instruction[] {
  return [[JUMP_EQUAL, 0, body.length + 1, number], ...body, [RETURN, 0, 0, ALLOW]];
}

function encode(instructions: Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, ifTrue, ifFalse, operand]] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand >>> 0, index * 8 + 4);
  }
  return bytes;
}
