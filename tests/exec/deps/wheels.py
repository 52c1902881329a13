"""Python packages made on the spot: wheels, and a source package whose build leaves a mark."""

import base64
import hashlib
import io
import tarfile
import zipfile


def wheel(folder, name, version, *, requires=(), says=None):
    """A wheel with a module and a command, both called ``name``."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    files = {
        f"{name}.py": f"version = '{version}'\n\n\ndef main():\n    {says or f'print({name!r}, version)'}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = [f"{path},sha256={digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def digest(text):
    """As a wheel's RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def source_package(folder, name, mark):
    """A package that can only be built; to build it makes the file ``mark``."""
    files = {
        "setup.py": f"open({str(mark)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name={name!r})\n",
        "PKG-INFO": f"Metadata-Version: 1.0\nName: {name}\nVersion: 1\n",
    }
    with tarfile.open(folder / f"{name}-1.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
