"""Have uv make a virtual environment. Only wheels go into it: to build a package is to run its code, and this is
outside of the sandbox."""

import os
import re

from llmx.core.settings.sources import shown
from llmx.errors import ExecError
from llmx.exec.deps.kept import Environment, identity
from llmx.exec.deps.pip_settings import as_uv_takes_them, files, options
from llmx.exec.deps.step import Done, perform
from llmx.exec.deps.uv import INSTALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.deps.place import Place

_OF_ANOTHER = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT")
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DRAWING = str.maketrans("", "", "×╰─▶│├")


def resolve(wanted: "Wanted", place: "Place", folder: str) -> Environment:
    """The environment of the names; raises ``ExecError`` with uv's own words."""
    for name in ("UV_CONFIG_FILE", "PIP_CONFIG_FILE"):
        if path := place.env.get(name):
            place.refuse(os.path.join(place.cwd, path), name)
    configuration = place.env.get("XDG_CONFIG_HOME") or f"{place.env.get('HOME', '')}/.config"
    place.refuse(f"{configuration}/uv/uv.toml", "uv's settings")
    home = f"{folder}/env"
    python = place.program("python3")
    _run(["venv", "--quiet", *(["--python", python] if python else []), home], place, folder)
    words = ["pip", "install", "--python", f"{home}/bin/python", "--no-build", *options(place.env, place.cwd)]
    _run([*words, "--", *wanted.names], place, folder)
    return Environment(
        [f"{home}/bin"],
        {"VIRTUAL_ENV": home},
        shown=[home],
        needed=[f"{home}/pyvenv.cfg", f"{home}/bin/python"],
        watched={path: identity(path) for path in files(place.env)},
    )


def _run(words: list[str], place: "Place", folder: str) -> Done:
    """uv in the environment's own folder: one that a command may write to could hold settings for it."""
    program = place.program("uv")
    if not program:
        raise ExecError("--uv: there is no uv on the PATH", code="deps", hint=INSTALL)
    env = {name: value for name, value in place.env.items() if name not in _OF_ANOTHER}
    env |= as_uv_takes_them(place.env, place.cwd) | {"NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
    onward = place.onward if os.isatty(2) else -1
    done = perform([program, *words], env=env, cwd=folder, onward=onward)
    if done.code:
        lines = _COLORS.sub("", done.err).translate(_DRAWING).partition("hint:")[0].splitlines()
        said = shown(" ".join(" ".join(line for line in lines if not line.startswith("Using ")).split()))
        raise ExecError(f"uv could not provide the packages: {said}", code="deps", hint=_remedy(done.err))
    return done


def _remedy(said: str) -> str | None:
    if "building from source is disabled" in said or "--no-build" in said or "no usable wheels" in said:
        return (
            "only wheels are taken, as to build is to run a package's code outside of the sandbox;"
            " llm-exec --net host -- uv pip install builds it inside"
        )
    if "was not found in the" in said or "No solution found" in said:
        return "is the name right? PIP_INDEX_URL or UV_DEFAULT_INDEX name another index"
    return None
