"""Edits of single entries in files that people own: planned, shown, carried out whole or not at all, and undone."""

from llmx.core.edits.history import Edit, history, undo
from llmx.core.edits.operations import Add, Block, Operation, Remove, Set, Unset
from llmx.core.edits.plan import Change, FilePlan, Plan, edit, plan, read
from llmx.core.edits.recovery import recover
from llmx.core.edits.rewrite import outcome
from llmx.core.edits.transaction import StaleError

__all__ = [
    "Add",
    "Block",
    "Change",
    "Edit",
    "FilePlan",
    "Operation",
    "Plan",
    "Remove",
    "Set",
    "StaleError",
    "Unset",
    "edit",
    "history",
    "outcome",
    "plan",
    "read",
    "recover",
    "undo",
]
