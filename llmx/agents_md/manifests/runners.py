"""Runners of tasks in any language: make, just, task, mise, and the hooks of pre-commit."""

import re

from llmx.agents_md.manifests.command import Command, Found, tasks
from llmx.agents_md.manifests.folder import Folder, table

TARGET = re.compile(r"^([A-Za-z0-9][A-Za-z0-9 _./-]*?)\s*::?(?!=)", re.MULTILINE)
RECIPE = re.compile(r"^@?([A-Za-z0-9_][A-Za-z0-9_-]*)[^:\n]*:(?!=)", re.MULTILINE)


def make(folder: Folder) -> Found:
    """The targets of a makefile."""
    name = folder.first("GNUmakefile", "makefile", "Makefile")
    words = [word for match in TARGET.finditer(folder.text(name) if name else "") for word in match[1].split()]
    return Found(tuple(tasks(words, "make {}", name)))


def just(folder: Folder) -> Found:
    """The recipes of a justfile."""
    name = folder.first("justfile", "Justfile", ".justfile")
    words = RECIPE.findall(folder.text(name)) if name else []
    return Found(tuple(tasks(words, "just {}", name)))


def task(folder: Folder) -> Found:
    """The tasks of a Taskfile."""
    name = folder.first("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml")
    words = map(str, table(folder.yaml(name), "tasks")) if name else []
    return Found(tuple(tasks(words, "task {}", name)))


def mise(folder: Folder) -> Found:
    """The tasks of mise's settings."""
    name = folder.first("mise.toml", ".mise.toml")
    return Found(tuple(tasks(table(folder.toml(name), "tasks"), "mise run {}", name)) if name else ())


def pre_commit(folder: Folder) -> Found:
    """All hooks over all files."""
    name = ".pre-commit-config.yaml"
    return Found((Command("Lint", "pre-commit run --all-files", name),)) if folder.has(name) else Found()
