"""All rows, in the order of their ids."""

from tests.promises import Row, edits, exec, local_models, models, settings, tree

ROWS: list[Row] = sorted([*exec.ROWS, *models.ROWS, *settings.ROWS, *edits.ROWS, *tree.ROWS, *local_models.ROWS])
