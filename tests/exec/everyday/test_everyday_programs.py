"""Compilers, interpreters and package tools."""

import os
import sys
import zipfile

import pytest

from tests.exec.everyday.conftest import PYTHON, REPOSITORY

NODE = {
    "node": "node -e 'console.log(6 * 7)' | grep -qx 42",
    "node with children": """node -e '
        const c = require("child_process");
        if (c.execSync("echo hi").toString() != "hi\\n" || c.spawnSync("true").status) process.exit(1)'""",
    "node with threads": """node -e '
        const { Worker } = require("worker_threads");
        new Worker("require(\\"worker_threads\\").parentPort.postMessage(7)", { eval: true })
          .on("message", m => process.exit(m - 7))'""",
    "wasm": """node -e '
        const w = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0]));
        new WebAssembly.Memory({ initial: 10, maximum: 1000 }); console.log(WebAssembly.Module.exports(w).length)'""",
    "a server and its client in node": """node -e '
        const s = require("http").createServer((q, a) => a.end("hi"))
        s.listen(0, "127.0.0.1", async () => {
          const a = await fetch("http://127.0.0.1:" + s.address().port)
          process.exit(await a.text() == "hi" ? 0 : 1) })'
        """,
}
C = {
    "gcc": "printf 'int main(){return 0;}' > a.c; gcc -o a a.c; ./a",
    "gcc with pipes and a library": """
        printf 'int f(){return 0;}' > f.c; printf 'int f();int main(){return f();}' > m.c
        gcc -pipe -c f.c m.c; ar rc libf.a f.o; gcc -o m m.o -L. -lf; ./m""",
    "make": r"""
        printf 'all: a b\na:\n\ttouch a\nb: a\n\ttouch b\n' > Makefile; make -s -j2; test -f b; make -q""",
}
PYTHONS = {
    "a new virtual environment": f"{PYTHON} -m venv --without-pip .venv; .venv/bin/python -c 'import sys; sys.prefix'",
    "compileall": f"echo 'x = 1' > m.py; {PYTHON} -m compileall -q m.py; ls __pycache__/m.*.pyc",
    "unittest": f"printf 'import unittest\\nclass T(unittest.TestCase):\\n  def test(self): pass\\n' > test_a.py;"
    f" {PYTHON} -m unittest -q 2>&1 | grep -q OK",
    "sqlite": f"""{PYTHON} -c '
import sqlite3
for name in ("a.db", "/tmp/a.db"):
    with sqlite3.connect(name) as db:
        db.execute("pragma journal_mode=wal"); db.execute("create table t(x)"); db.execute("insert into t values(1)")
    assert sqlite3.connect(name).execute("select x from t").fetchall() == [(1,)]'""",
    "temporary files": f"""{PYTHON} -c '
import tempfile
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file: file.write(b"x")'""",
    "random numbers and hashes": f"{PYTHON} -c 'import os, secrets, ssl, uuid; os.urandom(9); uuid.uuid4()'",
    "locale and time zone": f"""{PYTHON} -c '
import locale, time
locale.setlocale(locale.LC_ALL, ""); time.tzset()'""",
    "who and where": f"""{PYTHON} -c '
import getpass, os, pathlib, platform, socket
getpass.getuser(); pathlib.Path.home(); platform.node(); os.cpu_count(); socket.gethostname()'""",
}


@pytest.mark.parametrize("script", C.values(), ids=C)
def test_compilers(project, needs, script):
    needs("gcc", "make")
    project.run(script)


@pytest.mark.parametrize("script", NODE.values(), ids=NODE)
def test_node(project, needs, script):
    needs("node")
    project.run(script)


@pytest.mark.parametrize("script", PYTHONS.values(), ids=PYTHONS)
def test_python(project, script):
    project.run(script)


def test_a_virtual_environment_in_home_is_used_and_stays_as_it_is(project):
    project.outside(f"{PYTHON} -m venv --without-pip ../venv")
    path = f"{project.home}/venv/bin:{project.place.env['PATH']}"
    script = "python -c 'import sys; print(sys.prefix)'; ! touch ../venv/x 2>/dev/null"
    result = project.run(script, PATH=path, VIRTUAL_ENV=f"{project.home}/venv")
    assert result["stdout"] == f"{project.home}/venv\n"


def test_a_virtual_environment_in_the_project_is_used(project):
    project.outside(f"{PYTHON} -m venv --without-pip .venv")
    assert project.run(".venv/bin/python -c 'import sys; print(sys.prefix)'")["stdout"] == f"{project.work}/.venv\n"


def test_pip_installs_a_wheel_and_has_a_cache(project):
    project.write("work/dist/about", "")
    with zipfile.ZipFile(project.work / "dist/thing-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing.py", "answer = 42\n")
        wheel.writestr("thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
        wheel.writestr("thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("thing-1.dist-info/RECORD", "")
    script = f"""
        {sys.executable} -m pip install -q --disable-pip-version-check --target lib dist/*.whl
        PYTHONPATH=lib {PYTHON} -c 'import thing; assert thing.answer == 42'
        cache=$({sys.executable} -m pip cache dir); mkdir -p "$cache"; touch "$cache/x" """
    project.run(script, "--read", sys.prefix, "--read", str(REPOSITORY))


def test_npm_installs_a_folder_and_has_a_cache(project, needs):
    needs("npm")
    project.write("work/lib/package.json", '{"name": "lib", "version": "1.0.0"}')
    project.write("work/package.json", '{"name": "work", "version": "1.0.0"}')
    project.run('npm install --no-audit --no-fund ./lib; test -e node_modules/lib; test -w "$(npm config get cache)"')


def test_caches_are_kept_from_run_to_run_of_a_project_and_apart_from_anothers(project):
    project.run('mkdir -p "$XDG_CACHE_HOME/tool"; echo kept > "$XDG_CACHE_HOME/tool/x"')
    assert project.run('cat "$XDG_CACHE_HOME/tool/x"')["stdout"] == "kept\n"
    project.write("second/file", "")
    assert project.run('ls -A "$XDG_CACHE_HOME"', cwd=project.home / "second").get("stdout", "") == ""


def test_pytest_in_several_processes(project):
    project.write("work/test_a.py", "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test(n): pass\n")
    script = f"{sys.executable} -m pytest -q -n 2 -p no:cacheprovider test_a.py"
    assert "6 passed" in project.run(script, "--read", sys.prefix, "--read", str(REPOSITORY))["stdout"]


def test_the_projects_own_files_may_have_any_mode_and_owner_bits(project):
    project.run(
        "printf '#!/bin/sh\nexit 0\n' > run; chmod 750 run; ./run; touch -d 2001-01-01 run; ln run hard; ln -s run soft"
    )
    assert os.stat(project.work / "run").st_nlink == 2
