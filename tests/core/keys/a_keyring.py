"""A keyring that keeps passwords in a file: no machine that runs the tests has a keyring of its own."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps passwords in the file that ``KEYRING_FILE`` names."""

    priority = 1

    def _all(self):
        file = Path(os.environ["KEYRING_FILE"])
        return json.loads(file.read_text()) if file.exists() else {}

    def _keep(self, passwords):
        Path(os.environ["KEYRING_FILE"]).write_text(json.dumps(passwords))

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self._keep({**self._all(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        passwords = self._all()
        if passwords.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("none")
        self._keep(passwords)
