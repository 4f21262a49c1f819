/** Numbers of the system calls that the filter knows, of one processor architecture. */
export interface SystemCalls {
  /** AUDIT_ARCH_* of linux/audit.h. */
  auditArch: number;
  /** Calls from this number on belong to another calling convention of the same processor. */
  foreignFrom?: number;
  clone: number;
  unshare: number;
  socket: number;
  ioctl: number;
  /** Refused whatever their arguments are. */
  refused: Record<string, number>;
}

/** From 424 on, numbers are the same on every architecture. */
const COMMON = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_getfd: 438,
  mount_setattr: 442,
  quotactl_fd: 443,
  open_tree_attr: 467,
};

export const CLONE3 = 435;

const X64: SystemCalls = {
  auditArch: 0xc000003e,
  foreignFrom: 0x40000000,
  clone: 56,
  unshare: 272,
  socket: 41,
  ioctl: 16,
  refused: {
    ...COMMON,
    syslog: 103,
    uselib: 134,
    vhangup: 153,
    pivot_root: 155,
    _sysctl: 156,
    chroot: 161,
    acct: 163,
    settimeofday: 164,
    mount: 165,
    umount2: 166,
    swapon: 167,
    swapoff: 168,
    reboot: 169,
    sethostname: 170,
    setdomainname: 171,
    iopl: 172,
    ioperm: 173,
    create_module: 174,
    init_module: 175,
    delete_module: 176,
    get_kernel_syms: 177,
    query_module: 178,
    quotactl: 179,
    nfsservctl: 180,
    lookup_dcookie: 212,
    clock_settime: 227,
    kexec_load: 246,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    perf_event_open: 298,
    fanotify_init: 300,
    open_by_handle_at: 304,
    setns: 308,
    finit_module: 313,
    kexec_file_load: 320,
    bpf: 321,
    userfaultfd: 323,
  },
};

const ARM64: SystemCalls = {
  auditArch: 0xc00000b7,
  clone: 220,
  unshare: 97,
  socket: 198,
  ioctl: 29,
  refused: {
    ...COMMON,
    lookup_dcookie: 18,
    umount2: 39,
    mount: 40,
    pivot_root: 41,
    nfsservctl: 42,
    chroot: 51,
    vhangup: 58,
    quotactl: 60,
    acct: 89,
    kexec_load: 104,
    init_module: 105,
    delete_module: 106,
    clock_settime: 112,
    syslog: 116,
    reboot: 142,
    sethostname: 161,
    setdomainname: 162,
    settimeofday: 170,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    swapon: 224,
    swapoff: 225,
    perf_event_open: 241,
    fanotify_init: 262,
    open_by_handle_at: 265,
    setns: 268,
    finit_module: 273,
    bpf: 280,
    userfaultfd: 282,
    kexec_file_load: 294,
  },
};

/** By the names that Node gives to architectures. */
export const SYSTEM_CALLS: Partial<Record<string, SystemCalls>> = { x64: X64, arm64: ARM64 };
