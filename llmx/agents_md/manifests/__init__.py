"""The files that declare how a part of a repository is built, tested and checked: a function for each kind."""

from collections.abc import Callable

from llmx.agents_md.manifests.command import Found
from llmx.agents_md.manifests.folder import Folder
from llmx.agents_md.manifests.javascript import deno, node
from llmx.agents_md.manifests.others import bazel, beam, cmake, dotnet, go, gradle, maven, php, ruby, rust
from llmx.agents_md.manifests.python import python
from llmx.agents_md.manifests.runners import just, make, mise, pre_commit, task

MANIFESTS: tuple[Callable[[Folder], Found], ...] = (
    *(
        make,
        just,
        task,
        mise,
        bazel,
        node,
        deno,
        python,
        rust,
        go,
        maven,
        gradle,
        cmake,
        dotnet,
        ruby,
        php,
        beam,
        pre_commit,
    ),
)
"""Runners of tasks come first: where a project has one, its people type that."""

__all__ = ["MANIFESTS", "Folder"]
