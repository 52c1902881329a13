"""The filter of system calls: read by a machine of the test's own, and put on real processes."""

import errno
import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.sandbox import bubblewrap, seccomp
from llmx.core.sandbox.syscalls import ARCHITECTURES, DENIED, UNKNOWN

X86 = ARCHITECTURES["x86_64"]
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
ALLOW, KILL = "allow", "kill"
U64 = st.integers(0, 2**64 - 1)


def verdict(code, number, arguments=(), token=X86.token):
    """What the filter answers, as the kernel would run it: ``allow``, ``kill`` or an error number."""
    data = struct.pack("<IIQ6Q", number, token, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    steps = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    at, held = 0, 0
    while True:
        kind, yes, no, operand = steps[at]
        at += 1
        if kind == seccomp.LOAD:
            (held,) = struct.unpack_from("<I", data, operand)
        elif kind == seccomp.RETURN:
            return {seccomp.ALLOW: ALLOW, seccomp.KILL: KILL}.get(operand) or operand & 0xFFFF
        else:
            holds = {
                seccomp.EQUAL: held == operand,
                seccomp.AT_LEAST: held >= operand,
                seccomp.ANY_BIT: bool(held & operand),
            }[kind]
            at += yes if holds else no


@pytest.fixture(scope="module", params=ARCHITECTURES)
def architecture(request):
    return ARCHITECTURES[request.param]


@pytest.fixture(scope="module")
def code(architecture):
    return seccomp.compile_filter(architecture, inet=True)


def test_what_is_denied_is_refused_whatever_its_arguments(architecture, code):
    for name in DENIED:
        if name in architecture.numbers:
            assert verdict(code, architecture.numbers[name], (7,) * 6, architecture.token) == errno.EPERM, name
    for name in UNKNOWN:
        assert verdict(code, architecture.numbers[name], (), architecture.token) == errno.ENOSYS, name


def test_every_name_that_is_denied_is_known_somewhere():
    known = {name for architecture in ARCHITECTURES.values() for name in architecture.numbers}
    assert {*DENIED, *UNKNOWN} <= known
    assert set(UNKNOWN) <= ARCHITECTURES["x86_64"].numbers.keys() & ARCHITECTURES["aarch64"].numbers.keys()


def test_no_two_calls_have_the_same_number(architecture):
    assert len(set(architecture.numbers.values())) == len(architecture.numbers)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the C library here has another instruction set's numbers")
def test_the_numbers_are_those_of_the_kernels_headers():
    if not HEADER.exists():
        pytest.fail("linux-libc-dev is not installed: apt-get install gcc brings it")
    lines = HEADER.read_text().splitlines()
    real = {w[1][5:]: int(w[2]) for line in lines if (w := line.split())[:1] == ["#define"] and w[1][:5] == "__NR_"}
    assert {name: number for name, number in X86.numbers.items() if real.get(name, number) != number} == {}


@given(st.integers(0, 1000), st.lists(U64, min_size=6, max_size=6))
def test_every_call_gets_an_answer_and_what_is_not_named_is_allowed(number, arguments):
    answer = verdict(seccomp.compile_filter(X86, inet=True), number, arguments)
    named = {
        X86.numbers[name]
        for name in (*DENIED, *UNKNOWN, "clone", "unshare", "ioctl", "personality", "socket", "socketpair")
    }
    assert answer == ALLOW or number in named


@given(st.integers(0, 2**32 - 1), U64)
def test_another_instruction_sets_calls_end_the_process(token, argument):
    expected = ALLOW if token == X86.token else KILL
    assert verdict(seccomp.compile_filter(X86, inet=True), 0, (argument,), token) == expected


@pytest.mark.parametrize("number", [0x40000000, 0x40000065, 0xFFFFFFFF])
def test_the_x32_numbers_of_denied_calls_are_no_way_around(number):
    assert verdict(seccomp.compile_filter(X86, inet=True), number) == errno.ENOSYS


FORK, THREAD = 0x01200011, 0x3D0F00  # what fork(3) and pthread_create(3) ask clone(2) for
CLONE = ("clone", "unshare")
QUESTIONS = [
    ("clone", (FORK,), ALLOW),
    ("clone", (THREAD,), ALLOW),
    *((name, (flag,), errno.EPERM) for name in CLONE for flag in (1 << 17, *(1 << bit for bit in range(25, 31)))),
    ("clone", (FORK | 1 << 28,), errno.EPERM),
    ("clone", (1 << 28 | 0xDEAD << 32,), errno.EPERM),
    ("unshare", (0x80,), errno.EPERM),
    ("unshare", (0x400,), ALLOW),
    ("ioctl", (0, 0x5412), errno.EPERM),
    ("ioctl", (0, 0x1_0000_5412), errno.EPERM),  # the kernel takes the lower half
    ("ioctl", (0, 0x541C), errno.EPERM),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0x5412, 0x5413), ALLOW),
    ("personality", (0xFFFFFFFF,), ALLOW),
    ("personality", (0,), ALLOW),
    ("personality", (0x0040000,), errno.EPERM),
    ("socket", (1, 1, 0), ALLOW),
    ("socket", (2, 2, 0), ALLOW),
    ("socket", (10, 1, 6), ALLOW),
    ("socket", (16, 3, 0), ALLOW),
    ("socket", (16, 3, 15), errno.EAFNOSUPPORT),
    ("socketpair", (1, 1, 0), ALLOW),
    ("socketpair", (30, 1, 0), errno.EAFNOSUPPORT),
    *(("socket", (family, 1, 0), errno.EAFNOSUPPORT) for family in (0, 3, 4, 17, 29, 31, 38, 40, 44, 46)),
    ("socket", (0x1_0000_0028, 1, 0), errno.EAFNOSUPPORT),
]


@pytest.mark.parametrize(("name", "arguments", "answer"), QUESTIONS)
def test_calls_that_depend_on_their_arguments(architecture, code, name, arguments, answer):
    assert verdict(code, architecture.numbers[name], arguments, architecture.token) == answer


@pytest.mark.parametrize(("family", "answer"), [(1, ALLOW), (2, errno.EAFNOSUPPORT), (10, errno.EAFNOSUPPORT)])
def test_without_the_internet_only_local_sockets_are_left(family, answer):
    assert verdict(seccomp.compile_filter(X86, inet=False), X86.numbers["socket"], (family, 1, 0)) == answer


def test_another_filter_has_another_name_in_the_cache():
    """The cached file is never read again: whoever changes the filter raises ``FILTER_VERSION`` and this sum."""
    both = b"".join(seccomp.compile_filter(a, inet=inet) for a in ARCHITECTURES.values() for inet in (True, False))
    assert (bubblewrap.FILTER_VERSION, hashlib.sha256(both).hexdigest()[:16]) == (3, "a63beec037fde711")


def test_it_is_kept_for_its_owner_and_made_anyway_where_it_cannot_be(tmp_path):
    made = seccomp.make_filter(str(tmp_path / "kept/filter.bpf"), inet=True)
    assert made == seccomp.here(inet=True)
    assert (tmp_path / "kept/filter.bpf").read_bytes() == made
    assert (tmp_path / "kept/filter.bpf").stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").write_text("")
    assert seccomp.make_filter(str(tmp_path / "file/filter.bpf"), inet=True) == made
    assert len(made) <= 4096 - 4  # what a pipe of one page holds


TRIED = """
import ctypes, errno, os, socket, sys
sys.path.insert(0, {repository!r})
from llmx.core.sandbox.seccomp import installer
from llmx.core.sandbox.syscalls import ARCHITECTURES
numbers = ARCHITECTURES[os.uname().machine].numbers
installer(inet={inet})()
libc = ctypes.CDLL(None, use_errno=True)
for name in sys.argv[1:]:
    ctypes.set_errno(0)
    libc.syscall(numbers[name], -1, -1, -1, -1, -1)
    print(name, errno.errorcode.get(ctypes.get_errno(), "0"))
for family in ("AF_UNIX", "AF_INET", "AF_VSOCK", "AF_PACKET"):
    try:
        socket.socket(getattr(socket, family)).close()
        print(family, "0")
    except OSError as error:
        print(family, errno.errorcode[error.errno])
print("NoNewPrivs" in open("/proc/self/status").read())
sys.stdout.flush()  # or the child would say all of it again
if os.fork() == 0:
    os._exit(0)
"""


@pytest.mark.parametrize("inet", [True, False])
def test_a_real_process_is_refused_by_the_kernel(inet):
    known = [name for name in (*DENIED, *UNKNOWN) if name in X86.numbers and name != "clone3"]
    code = TRIED.format(repository=os.getcwd(), inet=inet)
    done = subprocess.run([sys.executable, "-c", code, *known], capture_output=True, text=True, check=True)
    said = dict(line.split() for line in done.stdout.splitlines() if " " in line)
    assert {said[name] for name in known if name not in UNKNOWN} == {"EPERM"}
    assert {said[name] for name in known if name in UNKNOWN} == {"ENOSYS"}
    expected = {"AF_UNIX": "0", "AF_INET": "0" if inet else "EAFNOSUPPORT"}
    assert {family: said[family] for family in expected} == expected
    assert {said["AF_VSOCK"], said["AF_PACKET"]} == {"EAFNOSUPPORT"}
