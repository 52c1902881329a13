"""The levels at which everything is tried, and how llm-exec comes to each."""

import functools
import os
import sys

from tests.conftest import folder_in_the_open
from tests.exec.escapes.scene import LLM_EXEC, REPOSITORY

INSIDE = ["--read", str(REPOSITORY), "--read", sys.prefix, "--env", f"PYTHONPATH={REPOSITORY}"]
"""What llm-exec itself needs inside, where it is run from a checkout and may lie in a hidden folder."""

FLAGS = {
    "control": ["--no-sandbox"],
    "full": [],
    "restricted": ["--level", "restricted"],
    "names": ["--net", "example.com"],
    "host": ["--net", "host"],
}
LEVELS = ("full", "landlock", "restricted", "inherited", "names")
"""``names`` is the full level with a proxy outside, which is to let nothing through that is not meant for it."""


def words(level, command, *options):
    """What runs ``command`` at a level; the options are the outermost llm-exec's."""
    if level == "inherited":
        return [*LLM_EXEC, *INSIDE, *options, "--", *LLM_EXEC, "--stdin", "none", "--", *command]
    return [*LLM_EXEC, *FLAGS.get(level, []), *options, "--", *command]


def environment(level, scene):
    """Variables that bring llm-exec to a level: it finds no bubblewrap where PATH has none."""
    usual = scene.place.env["PATH"]
    path = scene.env.get("PATH", usual)
    return {"PATH": path.replace(usual, str(_without_bwrap()))} if level == "landlock" else {}


@functools.cache
def _without_bwrap():
    """A folder with every program but bubblewrap, for as long as the tests run."""
    folder = folder_in_the_open()
    for program in os.listdir("/usr/bin"):
        if program != "bwrap":
            os.symlink(f"/usr/bin/{program}", folder / program)
    return folder
