"""The internet of ``internet.py``, started and looked at from the tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import trustme

from llmx.core.network.groups import GROUPS

PROGRAM = Path(__file__).with_name("internet.py")
HOSTS = (
    *("example.com", "*.example.com", "*.example.org", "example.net", "*.example.net"),
    *GROUPS["python"],
    GROUPS["node"][0],
    *GROUPS["rust"],
    *GROUPS["go"],
)


class Internet:
    """The processes of ``internet.py``. Raises where this machine lets an ordinary user have none."""

    def __init__(self, folder, uid):
        self.folder = folder
        self.pages = folder / "pages"
        self.pages.mkdir()
        authority = trustme.CA()
        issued = authority.issue_cert(*HOSTS)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        (folder / "resolv.conf").write_text("nameserver 45.0.0.53\noptions timeout:2\n")
        (folder / "seen").write_text("")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, -1)
        (folder / "pages").chmod(0o755)
        # files that every program looks at anyway, so that nothing has to be told of this
        script = (
            'cat /etc/ssl/certs/ca-certificates.crt "$1/ca.pem" > "$1/all.pem" && '
            'mount --bind "$1/all.pem" /etc/ssl/certs/ca-certificates.crt && '
            'mount --bind "$1/resolv.conf" "$(realpath /etc/resolv.conf)" && exec "$2" -B "$3" "$1"'
        )
        words = ["unshare", "--map-current-user", "--keep-caps", "--net", "--mount", "sh", "-euc", script, "internet"]
        identity = {"user": uid, "group": uid, "extra_groups": []} if os.getuid() != uid else {}
        self._process = cast(
            "Any",
            subprocess.Popen(
                [*words, folder, os.path.realpath(sys.executable), PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"},
                text=True,
                **identity,
            ),
        )
        pid = self._process.stdout.readline().strip()
        assert pid, "an ordinary user can make no network namespace here"
        self.enter = ["nsenter", f"--target={pid}", "--user", "--net", "--mount", "--preserve-credentials", "--"]

    def page(self, host, path, text):
        """A file that the web server of that name gives."""
        file = self.pages / host / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    @property
    def seen(self):
        """What has arrived anywhere."""
        return [json.loads(line) for line in (self.folder / "seen").read_text().splitlines()]

    def requests(self):
        """Host and path of every request that a web server got."""
        return [(each["host"], each["path"]) for each in self.seen if "path" in each]

    def caught(self):
        """Who came where nobody should come."""
        return [each for each in self.seen if "caught" in each]

    def forget(self):
        """Begin anew."""
        (self.folder / "seen").write_text("")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
