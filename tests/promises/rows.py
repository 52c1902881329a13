"""All rows, in the order of their ids: those of every module beside this one."""

import importlib
import pkgutil

from tests import promises
from tests.promises import Row

_MODULES = [
    module.name for module in pkgutil.iter_modules(promises.__path__) if module.name not in ("__main__", "rows")
]

ROWS: list[Row] = sorted(row for name in _MODULES for row in importlib.import_module(f"tests.promises.{name}").ROWS)
