"""Ordinary programs through the proxy, as they are installed and without being told anything."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from llmx.core.network.groups import GROUPS

FETCH = "fetch(process.argv[1]).then(r => r.text()).then(t => process.stdout.write(t))"


@pytest.mark.parametrize("url", ["http://example.com/", "https://example.com/"])
@pytest.mark.parametrize(
    "command",
    [
        ["curl", "-sS"],
        ["wget", "-qO-"],
        [
            "/usr/bin/python3",
            "-c",
            "import sys, urllib.request as u; print(end=u.urlopen(sys.argv[1]).read().decode())",
        ],
    ],
    ids=["curl", "wget", "urllib"],
)
def test_a_page_arrives(online, internet, command, url):
    if not shutil.which(command[0]):
        pytest.skip(f"NOT TESTED: {command[0]} is not installed here")
    result = online.result("--net", "example.com", "--", *command, url)
    assert (result["status"], result["stdout"]) == ("ok", "welcome\n"), result
    assert [host["name"] for host in result["network"]["hosts"]] == ["example.com"]


def test_node_fetches_where_it_is_new_enough_and_fails_closed_where_it_is_not(online, internet):
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = map(int, version.lstrip("v").split(".")[:2])
    words = ["--env", f"NODE_EXTRA_CA_CERTS={internet.folder}/ca.pem", "--read", str(internet.folder)]
    result = online.result("--net", "example.com", *words, "--", "node", "-e", FETCH, "https://example.com/")
    if major >= 24 or (major, minor) >= (22, 21):
        assert result["stdout"] == "welcome\n", result
    else:
        assert result["status"] == "failed"
        assert "did not ask it" in result["hints"][0]
        assert internet.seen == []


def test_git_clones_and_its_own_configuration_does_not_lead_it_astray(online, internet):
    bare = internet.pages / "git.example.com" / "one.git"
    bare.parent.mkdir(parents=True, exist_ok=True)
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    source = internet.folder / "source"
    for words in (
        ["init", "-q", str(source)],
        [*who, "-C", str(source), "commit", "-q", "--allow-empty", "-m", "first"],
        ["clone", "-q", "--bare", str(source), str(bare)],
        ["-C", str(bare), "update-server-info"],
    ):
        subprocess.run(["git", *words], check=True)
    online.place.write(".gitconfig", "[http]\n\tproxy = http://proxy.example.net:8080\n")
    clone = "git clone -q https://git.example.com/one.git && git -C one log --format=%s"
    result = online.result("--net", "git.example.com", "--command", clone)
    assert (result["status"], result["stdout"]) == ("ok", "first\n"), result


def test_pip_installs(online, internet):
    name = "llmx_seen-1.0-py3-none-any.whl"
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("llmx_seen.py", "print('installed')\n")
        archive.writestr("llmx_seen-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: llmx-seen\nVersion: 1.0\n")
        archive.writestr(
            "llmx_seen-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("llmx_seen-1.0.dist-info/RECORD", "llmx_seen.py,,\n")
    index, files = GROUPS["python"]
    internet.page(files, name, wheel.getvalue())
    internet.page(index, "simple/llmx-seen/index.html", f'<a href="https://{files}/{name}">{name}</a>')
    online.place.write(".config/pip/pip.conf".rpartition("/")[2], "")
    script = (
        f"/usr/bin/python3 -m venv v && v/bin/pip install -q --cert {internet.folder}/ca.pem llmx-seen"
        " && v/bin/python -c 'import llmx_seen'"
    )
    result = online.result("--net", "@python", "--read", str(internet.folder), "--command", script, patience=90)
    assert (result["status"], result["stdout"].splitlines()[-1:]) == ("ok", ["installed"]), result
    assert {host["name"] for host in result["network"]["hosts"]} == {index, files}


def test_npm_installs(online, internet):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in (
            ("package.json", '{"name":"llmx-seen","version":"1.0.0"}'),
            ("index.js", "console.log('installed')"),
        ):
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    data = packed.getvalue()
    registry = GROUPS["node"][0]
    url = f"https://{registry}/llmx-seen/-/llmx-seen-1.0.0.tgz"
    dist = {"tarball": url, "shasum": hashlib.sha1(data).hexdigest()}
    version = {"name": "llmx-seen", "version": "1.0.0", "dist": dist}
    about = {"name": "llmx-seen", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    internet.page(registry, "llmx-seen/index.html", json.dumps(about))
    internet.page(registry, "llmx-seen/-/llmx-seen-1.0.0.tgz", data)
    words = ["--env", f"NODE_EXTRA_CA_CERTS={internet.folder}/ca.pem", "--read", str(internet.folder)]
    script = (
        "npm init -y >/dev/null && npm install --no-audit --no-fund llmx-seen >&2 && node -e 'require(\"llmx-seen\")'"
    )
    result = online.result("--net", "@node", *words, "--command", script, patience=90)
    assert (result["status"], result["stdout"]) == ("ok", "installed\n"), result


def test_a_server_of_the_commands_own_is_reached_without_the_proxy(online, internet, python):
    script = (
        f"echo inside > page; {python} -m http.server 8123 >/dev/null 2>&1 & "
        "for i in $(seq 100); do curl -sf http://localhost:8123/page && exit 0; sleep 0.1; done; exit 1"
    )
    assert online.result("--net", "example.com", "--command", script)["stdout"] == "inside\n"


def test_java_is_told(online, internet):
    result = online.result("--net", "example.com", "--", "sh", "-c", "echo $JAVA_TOOL_OPTIONS")
    assert "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=3128" in result["stdout"]
