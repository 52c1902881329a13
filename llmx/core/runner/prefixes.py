"""What sequences of tokens have in common at their beginning: it is read once for all of them."""

from collections.abc import Iterable
from itertools import pairwise


def shared(a: list[int], b: list[int]) -> int:
    """How many tokens two sequences have in common at their beginning."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while high - low > 1:  # a[:low] is alike, a[:high] is not
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def in_common(plans: Iterable[list[int]]) -> list[int]:
    """The longest beginning that two of the plans share; empty where no two begin alike."""
    side_by_side = pairwise(sorted(plans))  # those that share most are neighbors
    return max((one[: shared(one, other)] for one, other in side_by_side), key=len, default=[])
