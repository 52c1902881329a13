"""What a mechanism may not enforce: the short names that a result lists, and what each of them means."""

DEGRADED = {
    # of Landlock, always
    "pid_namespace": "The command sees your other processes with their command lines, and what it started lives on if"
    " llm-exec itself is killed.",
    "ipc_namespace": "Shared memory and message queues of System V and POSIX are those of the machine.",
    "private_tmp": "There is no /tmp of the command's own: TMPDIR names a private folder, and a program that insists on"
    " /tmp or /var/tmp fails.",
    "no_tmp": "There is no folder for temporary files, because nothing here can be written to.",
    "private_shm": "/dev/shm is the machine's: what your other programs share there can be read and changed.",
    "tmp_size": "Nothing bounds the size of the temporary folder but the disk.",
    "chmod_outside": "Permissions, owner, times and extended attributes of your own files can be changed everywhere.",
    "unix_sockets": "Servers that listen on a socket file (docker, tmux, D-Bus, an ssh agent) can be talked to, and do"
    " what you may ask of them.",
    "hidden_names": "Whether a file exists in a hidden folder, and its size and times, can be asked; its content and"
    " the folder's list cannot.",
    "other_terminals": "Your other terminals can be written to and read from.",
    # of Landlock, without network
    "network_namespace": "The machine's network interfaces and open connections can be seen.",
    "private_loopback": "There is no network at all, not even from the command to itself: tests with a local server"
    " fail.",
    # of Landlock, on older kernels or without a filter of system calls
    "truncate_outside": "Files that you can write can be emptied everywhere (Linux before 6.2).",
    "tcp": "Connections by TCP are not held back for sure: before Linux 6.7 none is, and since then MPTCP and fast open"
    " pass (no seccomp).",
    "udp": "Nothing holds packets by UDP back (no seccomp).",
    "device_ioctl": "Devices that you have access to can be given commands, though not be read (Linux before 6.10).",
    "signals": "Your other processes can be sent signals, so be ended (Linux before 6.12).",
    "abstract_sockets": "Servers that listen on an abstract unix socket can be talked to (Linux before 6.12).",
    # of more than one mechanism
    "exact_max_procs": "The count of processes is looked at a few times a second instead of being a limit.",
    "nested_namespaces": "The command can make user namespaces, and so reach more of the kernel.",
    "exchanged_paths": "A command that still runs and may write above a folder of this one's can exchange it for a link"
    " while this one starts.",
    "protected": "What the setting exec.protect names inside a git folder can be written to.",
    "seccomp": "No system call is filtered: io_uring, keyrings, bpf, ptrace and others are there.",
    # of Seatbelt
    "untested": "This sandbox has never been tried on a Mac.",
}
"""Name -> what it means to the user, in one sentence."""
