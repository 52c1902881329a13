"""``python -m tests.promises``: how many of the promises are shown, which, and by which tests."""

from tests.promises import IN_ALL, shown_by
from tests.promises.rows import ROWS

tests = shown_by()
for row in ROWS:
    print(f"{row.id}  {row.promise}")
    if row.note:
        print(f"       differs: {row.note}")
    for test in tests.get(row.id, []):
        print(f"       {test}")
print(f"{sum(row.id in tests for row in ROWS)} of {IN_ALL} promises are shown")
