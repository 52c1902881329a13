"""The graphics cards that a command may compute with."""

import os

from llmx.errors import ExecError

CONTROLS = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps", "kfd", "dxg")
"""Nodes that every card of their kind is used through."""


def find_devices(gpu: str | None, dev: str = "/dev", proc: str = "/proc") -> tuple[list[str], dict[str, str]]:
    """Device nodes and the variables that go with them.

    ``gpu``: None for all cards, "" for none, else numbers with commas between them. Raises ``ExecError`` for a card
    that there is not.
    """
    if gpu == "":
        return [], {"CUDA_VISIBLE_DEVICES": ""}
    numbers = _numbers(gpu) if gpu is not None else None
    nodes = [path for name in CONTROLS if os.path.exists(path := f"{dev}/{name}")]
    cards = {name[6:]: f"{dev}/{name}" for name in _names(dev, "nvidia")}
    renderers = {str(int(name[7:]) - 128): f"{dev}/dri/{name}" for name in _names(f"{dev}/dri", "renderD")}
    if numbers is None:
        return nodes + list(cards.values()) + list(renderers.values()), {}
    kind = cards or renderers
    for number in numbers:
        if number not in kind:
            there = ", ".join(kind) or "none"
            raise ExecError(
                f"--gpu {gpu}: there is no card {number} (there: {there})", code="sandbox", hint="--no-gpu runs without"
            )
    visible = [_lasting_name(number, place, proc) for place, number in enumerate(numbers)]
    return nodes + [kind[number] for number in numbers], {"CUDA_VISIBLE_DEVICES": ",".join(visible)}


def _numbers(gpu: str) -> list[str]:
    numbers = gpu.split(",")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise ExecError(f"--gpu {gpu}: not a card's number", code="sandbox", hint="--gpu 0, or --gpu 0,1")
    return [str(int(number)) for number in numbers]


def _names(folder: str, prefix: str) -> list[str]:
    """Entries that are ``prefix`` and a number, in the numbers' order."""
    try:
        found = [name for name in os.listdir(folder) if name.startswith(prefix) and name[len(prefix) :].isdigit()]
    except OSError:
        return []
    return sorted(found, key=lambda name: int(name[len(prefix) :]))


def _lasting_name(number: str, place: int, proc: str) -> str:
    """The card's UUID, as CUDA numbers the cards anew that it can open; its place among those where none is told."""
    folder = f"{proc}/driver/nvidia/gpus"
    try:
        for card in os.listdir(folder):
            with open(f"{folder}/{card}/information", encoding="utf-8") as file:
                told = dict(line.split(":", 1) for line in file if ":" in line)
            if told.get("Device Minor", "").strip() == number and "GPU UUID" in told:
                return told["GPU UUID"].strip()
    except OSError:
        return str(place)
    return str(place)
