"""Rules on command lines, through everything that runs other commands."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.policy.rules import Rules, decide, matches
from llmx.core.policy.words import UNKNOWN, Line
from llmx.exec.rules import command_of


def verdict(command, *, allow=(), deny=(), ask=(), planted=()):
    """What the rules say about a command line as a shell splits it."""
    words = shlex.split(command) if isinstance(command, str) else command
    rules = Rules(allow, deny, ask)
    return decide(words, rules, unwrap_self=command_of, is_planted=lambda name: name in planted).verdict


PUSH = [
    "git push",
    "git push --force origin main",
    "/usr/bin/git push",
    "./git push",
    "git -C dir push",
    "git -c a.b=c --no-pager push",
    "git --git-dir=x push",
    "sh -c 'git push'",
    "bash -lc 'cd x && git push'",
    "sh -e -c 'git push'",
    "bash --norc -c 'git push'",
    "sh -c 'true; git push'",
    "sh -c 'true | git push'",
    "sh -c 'true\ngit push'",
    "sh -c '(git push)'",
    "sh -c '{ git push; }'",
    "sh -c 'if true; then git push; fi'",
    "sh -c 'while true; do git push; done'",
    "sh -c 'for x in 1; do git push; done'",
    "sh -c '! git push'",
    "sh -c 'A=1 git push'",
    "sh -c '>out git push'",
    "sh -c 'echo $(git push)'",
    "sh -c 'echo `git push`'",
    "sh -c 'echo \"$(git push)\"'",
    "sh -c 'echo $(echo $(git push))'",
    'sh -c \'gi"t" pu""sh\'',
    "sh -c '\\git push'",
    "sh -c 'git \\\npush'",
    "sh -c \"sh -c 'git push'\"",
    "sh -c 'eval git push'",
    "env A=1 git push",
    "env -i -u B A=1 git push",
    "env -C /x git push",
    "nice -n 5 git push",
    "nohup git push",
    "timeout 5 git push",
    "timeout -k 1 --signal=TERM 5s git push",
    "setsid -w git push",
    "stdbuf -oL git push",
    "time -p git push",
    "exec -a x git push",
    "command -p git push",
    "xargs git push",
    "xargs -0 -n 1 -I {} git push {}",
    "sudo -u me git push",
    "flock /x git push",
    "taskset 3 git push",
    "strace -f -o x git push",
    "find . -name x -exec git push ;",
    "find . -execdir true ; -exec git push {} +",
    "nix-shell -p git --run 'git push'",
    "nix-shell --command 'git push'",
    "nix develop -c git push",
    "nix shell nixpkgs#git --command git push",
    "uv run git push",
    "uv run --with x git push",
    "poetry run git push",
    "npx -p x git push",
    "npm exec -- git push",
    "busybox sh -c 'git push'",
    "llm-exec git push",
    "llm-exec --timeout 5 -- git push",
    "llm-exec --command 'git push'",
    "llmx exec --json -- git push",
    "llmx --quiet exec git push",
    "llm-exec -- llm-exec -- sh -c 'git push'",
]


@pytest.mark.parametrize("command", PUSH)
def test_a_denied_command_is_found_wherever_it_stands(command):
    assert verdict(command, deny=["git push"]) == "deny"
    assert verdict(command, ask=["git push"]) == "ask"


NOT_PUSH = [
    "git status",
    "git log push",
    "gitk push",
    "echo git push",
    "echo 'git push'",
    "sh -c 'echo git push'",
    "sh -c 'echo \"a; git push\"'",
    "sh -c \"echo 'x && git push'\"",
    "sh -c 'true # git push'",
    "sh -c 'echo x > git; push'",
    "sh script.sh git push",
    "env",
    "env A=1",
    "timeout 5",
    "find . -name git -print",
    "nix-shell -p git",
    "uv pip install push",
    "llm-exec --schema",
    "python3 -c 'git push'",
]


@pytest.mark.parametrize("command", NOT_PUSH)
def test_what_only_speaks_of_it_is_not(command):
    assert verdict(command, deny=["git push"]) == "allow"


UNCERTAIN = [
    "sh -c '$CMD'",
    "sh -c '$(cat cmd)'",
    "sh -c 'git $1'",
    "sh -c 'g*t push'",
    "sh -c 'eval $X'",
    "sh -c 'sh <<E\ngit push\nE'",
    "sh -c 'echo \"unclosed'",
    "sh -c",
    "env -S 'git push'",
    "sh -c 'case x in x) git push;; esac'",
    "sh -c $'git\\x20push'",
    "sh -c 'bash <(echo git push)'",
]


@pytest.mark.parametrize("command", UNCERTAIN)
def test_what_cannot_be_told_asks_where_there_is_something_to_hide(command):
    words = shlex.split(command) if "<<" not in command else ["sh", "-c", "sh <<E\ngit push\nE"]
    assert verdict(words, deny=["git push"]) in ("ask", "deny")
    assert verdict(words, allow=["ls"]) == "deny"
    assert verdict(words) == "allow"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("git status", "allow"),
        ("git", "allow"),
        ("ls -la", "allow"),
        ("rm x", "deny"),
        ("sh -c 'git status && ls'", "allow"),
        ("sh -c 'git status && rm x'", "deny"),
        ("env A=1 git status", "allow"),
        ("timeout 5 rm x", "deny"),
        ("llm-exec -- git status", "allow"),
        ("/usr/bin/git status", "allow"),
        ("./git status", "deny"),
        ("work/git status", "deny"),
        ("sh script.sh", "deny"),
        ("env", "deny"),
    ],
)
def test_where_there_is_an_allow_list_nothing_else_runs(command, expected):
    assert verdict(command, allow=["git", "ls"], planted=["./git", "work/git"]) == expected


def test_deny_wins_over_ask_and_ask_over_allow():
    both = {"allow": ["git"], "deny": ["git push"], "ask": ["git commit"]}
    assert verdict("git push", **both) == "deny"
    assert verdict("git commit", **both) == "ask"
    assert verdict("git status", **both) == "allow"
    assert verdict("git push", allow=["git push"], deny=["git"], ask=["git"]) == "deny"


@pytest.mark.parametrize(
    ("rule", "command", "expected"),
    [
        ("git", "git push", True),
        ("git push", "git", False),
        ("git *", "git", False),
        ("git *", "git push", True),
        ("rm -rf *", "rm -rf /", True),
        ("rm -rf", "rm -r", False),
        ("npm run *:prod", "npm run deploy:prod", True),
        ("npm run *:prod", "npm run deploy:test", False),
        ("python*", "python3.11 x.py", True),
        ("python* -c", "python3 -I -c x", True),
        ("/usr/bin/git", "git push", False),
        ("/usr/bin/git", "/usr/bin/git push", True),
        ("'my tool' x", "'/opt/my tool' x", True),
        ("", "git", False),
    ],
)
def test_a_rule_is_the_beginning_of_a_command(rule, command, expected):
    assert matches(rule, shlex.split(command)) == expected


WRAPPERS = [
    lambda words: ["sh", "-c", shlex.join(words)],
    lambda words: ["bash", "-lc", f"cd / && {shlex.join(words)}"],
    lambda words: ["env", "A=b", *words],
    lambda words: ["timeout", "-k", "3", "5", *words],
    lambda words: ["nice", "-n", "3", *words],
    lambda words: ["nix-shell", "-p", "x", "--run", shlex.join(words)],
    lambda words: ["llm-exec", "--timeout", "5", "--", *words],
    lambda words: ["llmx", "exec", "--command", shlex.join(words)],
    lambda words: ["xargs", "-n", "1", *words],
    lambda words: ["sh", "-c", f"echo $({shlex.join(words)})"],
]


@given(st.lists(st.sampled_from(WRAPPERS), max_size=6))
def test_in_any_nesting_a_denied_command_does_not_get_through(wrappers):
    words = ["git", "push"]
    for wrap in wrappers:
        words = wrap(words)
    assert verdict(words, deny=["git push"]) != "allow"
    assert verdict(words, allow=["ls"]) == "deny"


@given(st.text(max_size=60))
def test_any_text_is_read_to_its_end(text):
    line = Line(text)
    assert all(words for words in line.commands)


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1), min_size=1, max_size=5))
def test_quoted_words_come_out_as_they_went_in(words):
    line = Line(shlex.join(["cmd", *words]))
    assert line.commands == [["cmd", *words]]
    assert line.is_certain


def test_deep_nesting_ends_in_doubt_and_not_in_a_crash():
    words = ["git", "push"]
    for _ in range(40):
        words = ["env", *words]
    assert verdict(words, deny=["git push"]) != "allow"
    assert UNKNOWN not in "".join(words)
