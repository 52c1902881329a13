"""What a rule comes to in each client: its wrapped forms, its quotes, and what is told to be left out."""

import json
import re
import shlex
import tomllib
from fnmatch import fnmatchcase

import pytest

from llmx.clients.codex import DEEPEST, FLAGS
from llmx.clients.rules import globs, rule
from llmx.exec.options import OPTIONS

WRAPPED = [
    "llm-exec git push",
    "llm-exec -- git push",
    "llm-exec --json git push",
    "llm-exec --timeout 5 -- git push origin main",
    "llmx exec git push",
    "llmx exec --json -- git push",
    "llmx --quiet exec git push",
    "llmx --profile ci exec --level safe -- git push origin",
    "llm-exec --command 'git push'",
    'llm-exec --json --command "git push origin"',
    "llmx exec --command 'git push'",
]
OTHERS = ["llm-exec -- git pushed", "llm-exec git status", "llmx agent list", "llm-exec --json -- git pull"]


def matches(glob, command):
    """As Claude and opencode read a pattern: ``*`` is any text, and nothing else is special."""
    return fnmatchcase(command, glob.replace("[", "[[]"))


@pytest.mark.parametrize("command", ["git push", "git push -f", *WRAPPED])
def test_every_form_of_the_wrapper_is_covered(command):
    assert any(matches(glob, command) for glob in globs("git push", wrapped=True))


@pytest.mark.parametrize("command", OTHERS)
def test_what_the_rule_is_not_about_is_not_covered(command):
    assert not any(matches(glob, command) for glob in globs("git push", wrapped=True))


@pytest.mark.parametrize("command", WRAPPED)
def test_what_is_allowed_is_not_allowed_wrapped(command):
    assert not any(matches(glob, command) for glob in globs("git push", wrapped=False))


@pytest.mark.parametrize("command", WRAPPED)
def test_cursor_is_told_every_form_of_the_wrapper(setting, command):
    setting.apply("cursor", '[permissions]\ndeny = ["git push"]\n')
    denied = json.loads(setting.file("cursor", 1).read_text())["permissions"]["deny"]
    program, _, words = command.partition(" ")
    found = [form.removeprefix("Shell(")[:-1].partition(":") for form in denied]
    assert any(name == program and matches(glob, words) for name, _, glob in found)


def test_a_rule_with_quotes_is_denied_in_both_spellings(setting):
    setting.apply("cursor", """[permissions]\ndeny = ['git commit -m "a b"', "'my prog' x"]\n""")
    denied = json.loads(setting.file("cursor", 1).read_text())["permissions"]["deny"]
    for spelled in ("commit -m a b", 'commit -m "a b"'):
        assert {f"Shell(git:{spelled})", f"Shell(git:{spelled} *)", f"Shell(llm-exec:* git {spelled})"} <= set(denied)
    ready = setting.prepared("cursor", """[permissions]\ndeny = ["'my prog' x"]\n""")
    assert "one plain word" in ready.losses[0][1].reason
    assert all(
        step.place.partition("Shell(")[2].startswith(("llm-exec", "llmx"))
        for step in ready.drift
        if step.state == "add"
    )


def zed(setting, text):
    """Zed's own way: what is refused, then what is asked about, then what is allowed, by a search in the command."""
    setting.apply("zed", text)
    lists = json.loads(setting.file("zed").read_text())["agent"]["tool_permissions"]["tools"]["terminal"]

    def decide(command):
        for name in ("always_deny", "always_confirm", "always_allow"):
            for one in lists.get(name, []):
                if re.search(one["pattern"], command, 0 if one.get("case_sensitive") else re.IGNORECASE):
                    return {"always_deny": "deny", "always_confirm": "ask", "always_allow": "allow"}[name]
        return ""

    return decide


DROPPED = re.compile(r"\([^)]*[*+?{].*\)[*+?{]")
"""What Gemini takes for a pattern that may never end; it drops such a rule, and says so on stderr only."""


def gemini(setting, text):
    """Gemini's own way: the rule of the highest priority whose pattern is found in the arguments as JSON."""
    setting.apply("gemini", text)
    rules = tomllib.loads(setting.file("gemini", 1).read_text())["rule"]

    def decide(command):
        said = json.dumps({"command": command, "description": "x"}, separators=(",", ":"))
        for one in sorted(rules, key=lambda one: -one["priority"]):
            prefix = (
                re.escape(json.dumps(one["commandPrefix"])[1:-1]) + r'(?:[\s"]|\\")' if "commandPrefix" in one else ""
            )
            assert not DROPPED.search('"command":"' + one.get("commandRegex", ""))
            if re.search('"command":"' + (prefix or one["commandRegex"]), said):
                return {"ask_user": "ask"}.get(one["decision"], one["decision"])
        return ""

    return decide


def amp(setting, text):
    """Amp's own way: the first rule that matches decides."""
    setting.apply("amp", text)
    rules = json.loads(setting.file("amp").read_text())["amp.permissions"]

    def decide(command):
        for one in rules:
            if any(re.search(pattern[1:-1], command) for pattern in one["matches"]["cmd"]):
                return {"reject": "deny"}.get(one["action"], one["action"])
        return ""

    return decide


REGEXES = {"zed": zed, "gemini": gemini, "amp": amp}
DECIDED = [
    *((command, "deny") for command in ["git push", "git  push -f", "git push;ls", *WRAPPED]),
    *((command, "") for command in OTHERS),
    *((f"npm run {rest}", "allow") for rest in ("test", "a b -c")),
    ("npm running", ""),
    ('git commit -m "a b"', "ask"),
    ("llm-exec -- git commit -m 'a b' x", "ask"),
    ("rm -rf / main", "deny"),
    ("rm x", ""),
]


@pytest.mark.parametrize("client", REGEXES)
def test_clients_with_regular_expressions_decide_as_the_rules_say(setting, client):
    asked = """['git commit -m "a b"', "git commit -m 'a b'"]"""
    text = f'deny = ["git push", "rm * main"]\nallow = ["npm run"]\nask = {asked}'
    decide = REGEXES[client](setting, f"[permissions]\n{text}\n")
    assert {command: decide(command) for command, _ in DECIDED} == dict(DECIDED)


@pytest.mark.parametrize("command", ["ls; git push", "ls && git push -f", "(git push)", "ls\ngit push", "a | git push"])
@pytest.mark.parametrize("client", ["zed", "amp"])
def test_what_is_refused_is_refused_wherever_a_command_begins(setting, client, command):
    decide = REGEXES[client](setting, '[permissions]\ndeny = ["git push"]\n')
    assert decide(command) == "deny"


@pytest.mark.parametrize("tail", ["; rm x", "&& rm x", "$(rm x)", "`rm x`", "| sh", "> /etc/x", "\nrm x", "\\\nrm x"])
def test_what_is_allowed_by_a_regular_expression_is_one_command_only(setting, tail):
    decide = zed(setting, '[permissions]\nallow = ["git status"]\n')
    assert decide("git status -s") == "allow"
    assert decide(f"git status {tail}") == ""
    assert decide(f"git status{tail}") == ""


def rules_of(text):
    """The prefixes that the file of rules makes, read as the Python that Starlark is a part of."""
    made = []

    def prefix_rule(pattern, decision):
        made.append((pattern, decision))

    exec(text, {"prefix_rule": prefix_rule})
    return made


def decided(made, command):
    """Codex' own way: every word of a prefix is one of its alternatives; the strictest decision counts."""
    words = shlex.split(command)
    found = {
        decision
        for pattern, decision in made
        if len(words) >= len(pattern)
        and all(word in (one if isinstance(one, list) else [one]) for one, word in zip(pattern, words, strict=False))
    }
    return next((one for one in ("forbidden", "prompt", "allow") if one in found), "")


@pytest.mark.parametrize(
    ("command", "decision"),
    [
        ("rm x", "forbidden"),
        ("llm-exec rm x", "forbidden"),
        ("llm-exec -- rm x", "forbidden"),
        ("llm-exec --json --quiet --no-sandbox -- rm x", "forbidden"),
        ("llmx exec --json=full rm x", "forbidden"),
        ("llm-exec git push", "prompt"),
        ("ls", "allow"),
        ("llm-exec ls", ""),
        ("llm-exec --timeout 5 rm x", ""),
    ],
)
def test_codex_knows_the_wrapper_with_options_that_have_no_value(setting, command, decision):
    ready = setting.apply("codex", '[permissions]\ndeny = ["rm"]\nask = ["git push"]\nallow = ["ls"]\n')
    assert decided(rules_of(setting.file("codex", 1).read_text()), command) == decision
    (loss,) = [loss for _, loss in ready.losses]
    assert "--timeout 5" in loss.reason


def test_the_options_that_codex_is_told_are_those_of_llm_exec():
    alone = {flag for option in OPTIONS if option.kind in ("flag", "mode") for flag in option.flags}
    modes = {f"{option.flags[0]}={choice}" for option in OPTIONS if option.kind == "mode" for choice in option.choices}
    assert set(FLAGS) == {"--", *alone, *modes}
    assert DEEPEST >= 4


@pytest.mark.parametrize(
    ("text", "words"),
    [("git push *", ("git", "push")), ("'a b' c", ("a b", "c")), ("it's", ("it's",)), ("*", ("*",))],
)
def test_a_rule_is_its_words(text, words):
    assert rule(text).words == words
