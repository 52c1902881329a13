"""Numbers of the system calls that the filter knows, for each instruction set it is made for."""

from typing import NamedTuple


class Architecture(NamedTuple):
    """``token``: AUDIT_ARCH_* of linux/audit.h; ``numbers``: of its unistd.h."""

    token: int
    has_x32: bool
    numbers: dict[str, int]


UNKNOWN = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
"""Refused as if the kernel did not know them, so that programs take the older way, whose arguments can be looked at."""

DENIED = tuple(
    str.split(
        # other processes
        "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd"
        # the kernel's machinery
        " bpf perf_event_open userfaultfd add_key request_key keyctl fanotify_init lookup_dcookie"
        # file systems and namespaces
        " mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick"
        " mount_setattr setns open_by_handle_at swapon swapoff quotactl quotactl_fd nfsservctl sysfs uselib"
        # the machine
        " reboot acct init_module finit_module delete_module kexec_load kexec_file_load syslog vhangup settimeofday"
        " clock_settime sethostname setdomainname iopl ioperm _sysctl"
    )
)


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (word.partition("=") for word in text.split())}


# from 424 on all instruction sets share their numbers
_SHARED = _table(
    """
    io_uring_setup=425 io_uring_enter=426 io_uring_register=427 open_tree=428 move_mount=429 fsopen=430 fsconfig=431
    fsmount=432 fspick=433 clone3=435 pidfd_getfd=438 mount_setattr=442 quotactl_fd=443 open_tree_attr=467
    """
)

_X86_64 = _table(
    """
    ptrace=101 process_vm_readv=310 process_vm_writev=311 kcmp=312 bpf=321 perf_event_open=298 userfaultfd=323
    add_key=248 request_key=249 keyctl=250 fanotify_init=300 lookup_dcookie=212 mount=165 umount2=166 pivot_root=155
    chroot=161 setns=308 open_by_handle_at=304 swapon=167 swapoff=168 quotactl=179 nfsservctl=180 sysfs=139
    uselib=134 reboot=169 acct=163 init_module=175 finit_module=313 delete_module=176 kexec_load=246
    kexec_file_load=320 syslog=103 vhangup=153 settimeofday=164 clock_settime=227 sethostname=170 setdomainname=171
    iopl=172 ioperm=173 _sysctl=156 clone=56 unshare=272 ioctl=16 personality=135 socket=41 socketpair=53
    """
)

_AARCH64 = _table(
    """
    ptrace=117 process_vm_readv=270 process_vm_writev=271 kcmp=272 bpf=280 perf_event_open=241 userfaultfd=282
    add_key=217 request_key=218 keyctl=219 fanotify_init=262 lookup_dcookie=18 mount=40 umount2=39 pivot_root=41
    chroot=51 setns=268 open_by_handle_at=265 swapon=224 swapoff=225 quotactl=60 nfsservctl=42 reboot=142 acct=89
    init_module=105 finit_module=273 delete_module=106 kexec_load=104 kexec_file_load=294 syslog=116 vhangup=58
    settimeofday=170 clock_settime=112 sethostname=161 setdomainname=162 clone=220 unshare=97 ioctl=29
    personality=92 socket=198 socketpair=199
    """
)

ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, has_x32=True, numbers=_SHARED | _X86_64),
    "aarch64": Architecture(0xC00000B7, has_x32=False, numbers=_SHARED | _AARCH64),
}
"""By what uname(2) calls the machine."""
