"""`python -m tests.measuring ARGUMENTS`: pytest with them, and a data file for coverage of what all processes ran."""

import contextlib
import marshal
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import coverage
import psutil
from coverage import tracer

from tests.measuring import lines

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "llmx"
STARTER = "measured_lines"
PATIENCE = 10.0  # seconds


def collected(notes):
    """All notes as one: file -> numbers of the lines that any process ran."""
    found: dict[str, set[int]] = {str(file): set() for file in MEASURED.rglob("*.py")}  # also those that nobody ran
    for note in notes.iterdir():
        with contextlib.suppress(EOFError):  # killed while it wrote
            for file, numbers in marshal.loads(note.read_bytes()).items():
                found.setdefault(file, set()).update(numbers)
    return found


def settled(where):
    """Wait until nothing is measured any more: a worker of the tests may end a little after them."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("COVERAGE_LINES") == where:
                process.wait(PATIENCE)


def main():
    packages = Path(sysconfig.get_path("purelib"))
    installed = [packages / f"{STARTER}.py", packages / f"{STARTER}.pth"]
    folder = Path(tempfile.mkdtemp(prefix="measured-"))
    folder.chmod(0o1777)  # processes of every user write there
    try:
        shutil.copy(lines.__file__, installed[0])
        installed[1].write_text(f"import {STARTER}\n")
        where = ":".join(map(str, (tracer.__file__, MEASURED, folder)))
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        code = subprocess.run(command, env=os.environ | {"COVERAGE_LINES": where}, check=False).returncode
        settled(where)
        data = coverage.CoverageData(os.environ.get("COVERAGE_FILE", ".coverage"))
        data.erase()
        found = collected(folder)
        data.add_lines(found)
        data.touch_files(found)
        data.write()
    finally:
        for file in installed:
            file.unlink(missing_ok=True)
        shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
