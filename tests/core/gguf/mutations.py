"""Files that are wrong in ways nobody thought of, the same ones each time."""

import random
from struct import pack

from tests.core.gguf.tiny import tiny_bytes

ABSURD = [0, 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1]


def whole():
    """The file that is mutated, and where its header ends, about."""
    data = tiny_bytes(width=32, layers=1)
    return data, data.rindex(b"output.weight") + 40


def mutations(count, seed=9):
    """That many files, each with one to four faults, most of them in the header."""
    data, end = whole()
    drawn = random.Random(seed)
    for _ in range(count):
        made = bytearray(data)
        for _ in range(drawn.choice((1, 1, 1, 2, 4))):
            _damage(made, drawn, end)
        yield bytes(made)


def _damage(made, drawn, end):
    at = drawn.randrange(4, end) if drawn.random() < 0.8 else drawn.randrange(len(made) or 1)
    match drawn.randrange(6):
        case 0:
            del made[at:]
        case 1:
            made[at : at + 1] = bytes([drawn.randrange(256)])
        case 2:
            made[at : at + 8] = pack("<Q", drawn.choice(ABSURD))
        case 3:
            made[at : at + 4] = pack("<I", drawn.choice(ABSURD) & 0xFFFFFFFF)
        case 4:
            del made[at : at + drawn.choice((1, 4, 8, 100))]
        case 5:
            made[at:at] = made[max(0, at - drawn.choice((1, 8, 64))) : at]
