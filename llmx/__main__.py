"""The front door: answer what needs no command tree, else open the tree."""

import os
import sys

from llmx import __version__
from llmx.core.plugins import Pack, load


def main() -> int:
    """Run ``llmx``; the hot paths never import Typer."""
    load("gc:disable")()  # collecting while modules are imported costs 0.5 ms for llm-exec, 4 ms for the tree
    match sys.argv[1:]:
        case ["--version" | "-V"]:
            print(f"llmx {__version__}")
            return 0
        case ["exec", *words]:
            pack = Pack()
            sys.meta_path.insert(0, pack)
            code: int | None = load("llmx.exec:main")(words)
            if code is not None:
                if pack.lacks and not sys.dont_write_bytecode:
                    load("llmx.core.packing:write")(pack)
                leave(code)
        case ["__complete", kind]:
            leave(load("llmx.core.candidates:show")(kind))
    try:
        tree: int = load("llmx.cli.app:open_tree")()
    except KeyboardInterrupt:  # while Typer is imported; later the tree itself takes it
        return 130
    return tree


def exec_main() -> int:
    """Run ``llm-exec``: ``llmx exec`` under its own name."""
    sys.argv[1:1] = ["exec"]
    return main()


def one_file() -> int:
    """The one-file build: the name it was called by decides which of the two it is."""
    return exec_main() if os.path.basename(sys.argv[0]).startswith("llm-exec") else main()


def leave(code: int) -> None:
    """End at once: taking the interpreter apart costs more CPU than the whole run of a small command."""
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None where the caller has closed it
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(one_file())
