"""System calls that Python has no word for."""

import ctypes
import os
import platform

_LIBC = ctypes.CDLL(None, use_errno=True)
_X86 = {
    "ptrace": 101, "syslog": 103, "personality": 135, "chroot": 161, "mount": 165, "umount2": 166, "add_key": 248,
    "keyctl": 250, "ioprio_set": 251, "unshare": 272, "mknod": 133, "get_robust_list": 274, "perf_event_open": 298,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "kcmp": 312, "renameat2": 316, "bpf": 321, "userfaultfd": 323, "pivot_root": 155, "shmget": 29, "msgget": 68,
    "sched_setaffinity": 203, "tgkill": 234, "modify_ldt": 154, "fanotify_init": 300, "shmctl": 31, "msgctl": 71,
}  # fmt: skip
_ARM = {
    "ptrace": 117, "syslog": 116, "personality": 92, "chroot": 51, "mount": 40, "umount2": 39, "add_key": 217,
    "keyctl": 219, "ioprio_set": 30, "unshare": 97, "get_robust_list": 100, "perf_event_open": 241,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
    "kcmp": 272, "renameat2": 276, "bpf": 280, "userfaultfd": 282, "pivot_root": 41, "shmget": 194, "msgget": 186,
    "sched_setaffinity": 122, "tgkill": 131, "fanotify_init": 262, "shmctl": 195, "msgctl": 187,
}  # fmt: skip
_SINCE_5_1 = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
}  # fmt: skip
NUMBERS = (_X86 if platform.machine() == "x86_64" else _ARM) | _SINCE_5_1


def syscall(name, *arguments):
    """The call's result; raises ``OSError``."""
    passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = _LIBC.syscall(ctypes.c_long(NUMBERS[name]), *passed)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result
