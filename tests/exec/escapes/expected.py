"""How every attempt ends at every level."""

from fnmatch import fnmatchcase

COLUMNS = ("full", "landlock", "restricted", "inherited")
BLOCKED = "blocked"
"""The kernel refuses."""
PRIVATE = "private"
"""It seems to succeed and reaches nothing outside, or the inner of two llm-execs has undone it."""
PUT_BACK = "put-back"
"""It is undone when the run ends, and the result says so."""
REPORTED = "reported"
"""It stays, and the result says so."""
ALLOWED = "allowed"
"""It gets through: known, and said in the README."""

# group: the first row that fits an attempt's name tells how it ends at the levels full (and so with names of hosts),
# landlock, restricted, inherited
TABLE = """
files
    create_in_dev_shm                           private   allowed   private   private
    create_in_*                                 private   blocked   private   private
    chmod_* utime_* setxattr_*                  blocked   allowed   blocked   blocked
    *                                           blocked   blocked   blocked   blocked
startup
    *                                           blocked   blocked   blocked   blocked
git
    *_in_a_new_repository *_in_a_new_bare_*     reported  reported  blocked   reported
    push_* rename_into_* point_into_*           reported  reported  blocked   reported
    config_worktree                             reported  reported  blocked   reported
    config_of_*                                 put-back  put-back  blocked   private
    config_* git_folder_deeper_*                put-back  put-back  blocked   put-back
    *                                           put-back  put-back  blocked   private
git_swap
    put_back_through_a_link                     put-back  put-back  blocked   blocked
    *                                           put-back  put-back  blocked   private
agents
    *                                           reported  reported  blocked   reported
secrets
    read_a_private_file_elsewhere               allowed   allowed   allowed   allowed
    list_home                                   private   blocked   private   private
    search_home read_home_through_*             private   private   private   private
    *                                           blocked   blocked   blocked   blocked
environment
    value_of_*                                  blocked   blocked   blocked   blocked
    *                                           private   private   private   private
descriptors
    any_other_descriptor                        private   private   private   private
    *                                           blocked   blocked   blocked   blocked
processes
    list_processes                              private   allowed   private   private
    proc_command_line slow_down pin_to_one_core blocked   allowed   blocked   blocked
    change_limits lower_disk_priority           blocked   allowed   blocked   blocked
    signal_by_io                                blocked   private   blocked   blocked
    daemon_that_outlives_the_run                private   private   private   private
    *                                           blocked   blocked   blocked   blocked
network
    udp udp6 dns                                private   blocked   blocked   private
    sockets_in_proc                             private   allowed   private   private
    *                                           blocked   blocked   blocked   blocked
sockets
    socket_in_work                              allowed   allowed   allowed   allowed
    sockets_in_proc                             private   allowed   private   private
    socket_* tmux_server                        blocked   allowed   blocked   blocked
    *                                           blocked   blocked   blocked   blocked
namespaces
    setuid_helper gain_by_exec capabilities     private   private   private   private
    *                                           blocked   blocked   blocked   blocked
kernel
    program_in_memory                           allowed   allowed   allowed   allowed
    *                                           blocked   blocked   blocked   blocked
system
    shared_memory message_queue                 private   allowed   private   private
    *                                           blocked   blocked   blocked   blocked
own
    append_to_log forge_an_older_log            private   blocked   private   private
    replace_the_cache_folder                    private   blocked   blocked   private
    settings_that_are_not_there_yet             private   blocked   private   private
    *                                           blocked   blocked   blocked   blocked
"""


def _rows():
    """(group, patterns, how it ends by level) of each row."""
    group = ""
    for line in TABLE.strip().splitlines():
        if line.startswith(" "):
            words = line.split()
            ends = dict(zip(COLUMNS, words[-len(COLUMNS) :], strict=True))
            yield group, words[: -len(COLUMNS)], ends | {"names": ends["full"]}
        else:
            group = line


ROWS = tuple(_rows())


def expected(group, name):
    """How the attempt ends, by level."""
    fitting = (
        row for of, patterns, row in ROWS if of == group and any(fnmatchcase(name, pattern) for pattern in patterns)
    )
    return next(fitting)


NOT_ON_EVERY_MACHINE = {
    "kernel_crypto": "a kernel may be built without AF_ALG",
    "mptcp": "a kernel may be built without MPTCP",
    "vsock": "a kernel may be built without AF_VSOCK",
    "new_network_device": "a machine may have no tunnel device",
    "write_modprobe_path": "a kernel may be built without modules",
    "magic_key": "a kernel may be built without the magic key",
    "write_huge_pages": "a kernel may be built without huge pages",
    "device_fuse": "a machine may have no fuse",
    "device_tty1": "a machine may have no virtual terminals",
    "device_loop_control": "a machine may have no loop devices",
    "device_kmsg": "a container may hide the kernel's log",
    "write_core_pattern": "a container may show /proc/sys read-only",
    "make_a_control_group": "a container may show its control groups read-only",
    "calls_of_another_architecture": "a kernel may be built without the 32-bit calls",
}
"""Attempts that may fail even where nothing confines them, with the reason."""
