"""Ordinary programs through the proxy, as they are installed and without being told anything."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from llmx.core.network.groups import GROUPS

NODES = {"installed": "node", "newer": os.environ.get("LLMX_TEST_NODE", "")}  # read before the tests have their own
"""`.ci/programs` brings one that goes by the proxy's variables, as Debian's does not yet."""
CARGO = os.environ.get("LLMX_TEST_CARGO") or shutil.which("cargo", path="/usr/local/bin:/usr/bin:/bin") or ""
"""Which an ordinary user may run: rustup's lies in a home."""
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


@pytest.mark.parametrize("which", ["installed", "newer"])
def test_node_fetches_where_it_is_new_enough_and_fails_closed_where_it_is_not(online, internet, which):
    node = NODES[which]
    if not node:
        pytest.skip("NOT TESTED: no Node that knows the proxy's variables is here: .ci/programs brings one")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = map(int, version.lstrip("v").split(".")[:2])
    words = ["--env", f"NODE_EXTRA_CA_CERTS={internet.folder}/ca.pem", "--read", str(internet.folder)]
    words += ["--read", str(Path(node).parent)] if which == "newer" else []
    result = online.result("--net", "example.com", *words, "--", node, "-e", FETCH, "https://example.com/")
    if major >= 24 or (major, minor) >= (22, 21):
        assert result["stdout"] == "welcome\n", result
        assert [host["name"] for host in result["network"]["hosts"]] == ["example.com"]
    else:
        assert which == "installed"
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


FETCH_JAVA = """
import java.net.URI;
class Fetch {
    public static void main(String[] words) throws Exception {
        URI.create(words[0]).toURL().openStream().transferTo(System.out);
    }
}
"""


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.skipif(not shutil.which("javac"), reason="NOT TESTED: no Java compiler is here: default-jdk-headless")
def test_java_fetches(online, internet, scheme):
    store = internet.folder / "java.p12"
    words = ["-importcert", "-noprompt", "-alias", "a", "-storepass", "changeit", "-storetype", "PKCS12"]
    if not store.exists():
        imported = ["keytool", *words, "-file", internet.folder / "ca.pem", "-keystore", store]
        subprocess.run(imported, check=True, capture_output=True)
        store.chmod(0o644)
    (online.work / "Fetch.java").write_text(FETCH_JAVA)
    trusts = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStoreType=PKCS12"]
    java = ["java", *trusts, "-Djavax.net.ssl.trustStorePassword=changeit", "Fetch.java", f"{scheme}://example.com/"]
    result = online.result("--net", "example.com", "--read", str(internet.folder), "--", *java, patience=90)
    assert (result["status"], result["stdout"]) == ("ok", "welcome\n"), result
    assert [host["name"] for host in result["network"]["hosts"]] == ["example.com"]


@pytest.mark.skipif(not shutil.which("go"), reason="NOT TESTED: Go is not installed: golang-go")
def test_go_downloads_a_module(online, internet):
    module, version = "example.com/seen", "v1.0.0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{module}@{version}/go.mod", f"module {module}\n")
        archive.writestr(f"{module}@{version}/seen.go", 'package seen\n\nfunc Word() string { return "installed" }\n')
    proxy, _ = GROUPS["go"]
    at = f"{module}/@v/{version}"
    internet.page(proxy, f"{at}.info", json.dumps({"Version": version, "Time": "2026-01-01T00:00:00Z"}))
    internet.page(proxy, f"{at}.mod", f"module {module}\n")
    internet.page(proxy, f"{at}.zip", packed.getvalue())
    (online.work / "go.mod").write_text(f"module m\n\ngo 1.19\n\nrequire {module} {version}\n")
    (online.work / "main.go").write_text(
        f'package main\n\nimport (\n\t"fmt"\n\t"{module}"\n)\n\nfunc main() {{ fmt.Println(seen.Word()) }}\n'
    )
    shutil.chown(online.work / "go.mod", online.place.uid)
    script = "export GONOSUMDB=* GOFLAGS=-mod=mod GOPATH=$PWD/gopath GOCACHE=$PWD/cache; go run ."
    result = online.result("--net", "@go", "--command", script, patience=180)
    assert (result["status"], result["stdout"]) == ("ok", "installed\n"), result
    assert [host["name"] for host in result["network"]["hosts"]] == [proxy]


def knows_sparse_indexes():
    """Older ones want a git repository of all there is."""
    done = subprocess.run([CARGO, "--version"], capture_output=True, text=True, check=False) if CARGO else None
    version = done.stdout.split()[1:2] if done else []
    return tuple(map(int, (version or ["0.0"])[0].split(".")[:2])) >= (1, 70)


@pytest.mark.skipif(
    not knows_sparse_indexes(),
    reason="NOT TESTED: no cargo since 1.70 is here for every user, Debian 12 has 1.65; .ci/programs brings one",
)
def test_cargo_brings_a_crate(online, internet):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in (
            ("Cargo.toml", '[package]\nname = "llmx-seen"\nversion = "1.0.0"\nedition = "2021"\n'),
            ("src/lib.rs", ""),
        ):
            entry = tarfile.TarInfo(f"llmx-seen-1.0.0/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    _, index, files, _ = GROUPS["rust"]
    row = {"name": "llmx-seen", "vers": "1.0.0", "deps": [], "features": {}, "yanked": False}
    row["cksum"] = hashlib.sha256(packed.getvalue()).hexdigest()
    internet.page(index, "config.json", json.dumps({"dl": f"https://{files}/crates", "api": "https://crates.io"}))
    internet.page(index, "ll/mx/llmx-seen", json.dumps(row) + "\n")
    internet.page(files, "crates/llmx-seen/1.0.0/download", packed.getvalue())
    (online.work / "Cargo.toml").write_text(
        '[package]\nname = "m"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\nllmx-seen = "1"\n'
    )
    (online.work / "src").mkdir()
    (online.work / "src/lib.rs").write_text("")
    shutil.chown(online.work, online.place.uid)
    script = f"export CARGO_HOME=$PWD/cargo; {CARGO} vendor -q >/dev/null && ls vendor"
    words = ["--env", f"CARGO_HTTP_CAINFO={internet.folder}/ca.pem"]
    words += [word for folder in (internet.folder, Path(CARGO).parent) for word in ("--read", str(folder))]
    result = online.result("--net", "@rust", *words, "--command", script, patience=90)
    assert (result["status"], result["stdout"]) == ("ok", "llmx-seen\n"), result
    assert {host["name"] for host in result["network"]["hosts"]} == {index, files}
