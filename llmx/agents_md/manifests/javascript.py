"""JavaScript and TypeScript: scripts, run by whichever package manager the lock file is of."""

from llmx.agents_md.manifests.command import Command, Found, plain, tasks
from llmx.agents_md.manifests.folder import Folder, table

LOCKS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
SET_UP = {"npm": "npm ci", "pnpm": "pnpm install", "yarn": "yarn install", "bun": "bun install"}
NO_TEST = "no test specified"
"""What `npm init` writes where there are no tests."""


def node(folder: Folder) -> Found:
    """The scripts of package.json."""
    value = folder.json("package.json")
    if not value:
        return Found()
    manager = _manager(folder, value)
    scripts = {name: text for name, text in table(value, "scripts").items() if NO_TEST not in str(text)}
    short = {"test": f"{manager} test"} if manager in ("npm", "pnpm", "yarn") else {}
    commands = tasks(scripts.keys() - {"install"}, f"{manager} run {{}}", "package.json", short=short)
    is_root = any(lock in folder.names for lock in LOCKS)
    line = SET_UP[manager] if manager != "npm" or folder.above(*LOCKS) else "npm install"
    set_up = [Command("Set up", line, "package.json")] if is_root or folder.path == folder.root else []
    return Found((*set_up, *commands), plain(value.get("name")), plain(value.get("description")))


def _manager(folder: Folder, value: dict[str, object]) -> str:
    said = str(value.get("packageManager") or "").partition("@")[0]
    return said if said in SET_UP else LOCKS.get(folder.above(*LOCKS), "npm")


def deno(folder: Folder) -> Found:
    """The tasks of deno.json."""
    name = folder.first("deno.json", "deno.jsonc")
    value = folder.json(name) if name else {}
    return Found(tuple(tasks(table(value, "tasks"), "deno task {}", name)), plain(value.get("name")))
