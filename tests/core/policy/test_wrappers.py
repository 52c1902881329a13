"""Commands around commands: what is seen through, and what is known not to be."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.policy.rules import Rules, decide
from llmx.exec.rules import command_of


def verdict(command, *, allow=(), deny=(), ask=()):
    """What the rules say about a line as a shell splits it, or about words."""
    words = shlex.split(command) if isinstance(command, str) else command
    rules = Rules(allow, deny, ask)
    return decide(words, rules, unwrap_self=command_of, is_planted=lambda name: False).verdict


def shell(line, name="sh"):
    return [name, "-c", line]


SEEN = [
    shell("git \\\n push"),
    shell("git push \\\n --force"),
    shell("a[0]=1 git push", "bash"),
    shell("a[0]+=1 b=2 git push", "bash"),
    "i386 git push",
    "x86_64 -R git push",
    "prlimit --nofile=9 git push",
    "setpriv --no-new-privs git push",
    "choom -n 0 -- git push",
    "numactl -N 0 git push",
    ["bash", "-o", "pipefail", "-c", "git push"],
    ["bash", "-euo", "pipefail", "-c", "git push"],
    ["bash", "--rcfile", "x", "-c", "git push"],
    ["bash", "-ceu", "git push"],
    ["sh", "-c", "--", "git push"],
    shell("git -C $D push"),
    shell("f() { git push; }; f"),
    shell("function f { git push; }; f", "bash"),
    shell("trap 'git push' EXIT"),
    shell("eval 'git push'"),
    shell("[[ -f x && -d y ]] && git push", "bash"),
    shell("(( i < 3 )) && git push", "bash"),
    shell("x=$(( (1+2)*3 )); git push"),
    shell("x=$( (cd x; git push) )"),
    shell("diff <(git push) x", "bash"),
    shell("tee >(git push)", "bash"),
    shell("coproc git push", "bash"),
    shell("[[ -f x || git push ]]"),
    shell("[[ x ; git push"),
    shell("'[[' x || git push", "bash"),
    shell("((git push))"),
    shell("echo x &>y git push"),
    shell("true; - git push", "zsh"),
    shell("time x=1 git push", "bash"),
    shell("time { git push; }", "bash"),
    shell("time -p coproc git push", "bash"),
    shell("coproc name { git push; }", "bash"),
    shell("[[<(git push)", "bash"),
    shell("true \r# ; git push"),
    shell("cat <<'E'\nx\nE\ngit push"),
    shell("~/bin/git push"),
    "env =a 1=2 git push",
    "nice -5 git push",
    "nice --adjustment 5 git push",
    "ionice -c2 -n7 git push",
    "chrt -f 5 git push",
    "time -f %e git push",
    "strace -e trace=file git push",
    "stdbuf -o0 -e 0 git push",
    "sudo -E -u x git push",
    "watch -n1 'git push'",
    "watch -x git push",
    "flock x -c 'git push'",
    "flock -n x git push",
    "busybox env git push",
    "tini -- git push",
    "python3 -m llmx exec -- git push",
    "git submodule foreach 'git push'",
    "git bisect run git push",
    "git rebase -x 'git push' main",
    "git rebase -ix 'git push' main",
    "git -C x rebase --exec='make && git push' main",
    "git difftool --extcmd 'git push'",
    "git difftool -x'git push'",
    "setarch -R git push",
    "setarch x86_64 -R git push",
    "setarch i586 git push",
    "python3 -Im llmx exec -- git push",
    "chronic git push",
    "gosu nobody git push",
    "xvfb-run -n 99 git push",
    "cross-env A=1 git push",
    "direnv exec . git push",
    "toybox env git push",
    "micromamba run -n x git push",
    "uv --directory x run git push",
    "uv run --with x --python 3.12 git push",
    "conda run -n x git push",
    "bundle exec git push",
    "npx -c 'git push'",
    "npx --yes git push",
    "nix-shell --pure -p x --run 'git push'",
    "nix develop .#x --command sh -c 'git push'",
    "find . -exec sh -c 'git push' ;",
    "xargs -I X git push X",
    "llm-exec --no-sandbox --command 'sh -c \"git push\"'",
    "python3 -Imllmx exec -- git push",
    "/usr/lib/git-core/git-push origin",
    "git-push",
    "git difftool -yx 'git push'",
    "pipx run git push",
    "op run --no-masking -- git push",
]


@pytest.mark.parametrize("command", SEEN)
def test_a_denied_command_is_seen_inside(command):
    assert verdict(command, deny=["git push"]) == "deny"
    assert verdict(command, ask=["git push"]) == "ask"
    assert verdict(command, allow=["ls"]) == "deny"


HIDDEN = [
    shell("gi[t] push"),
    shell("echo $(((1)) && $X push)", "bash"),
    shell("git pus[h]"),
    shell("let 'x=a[$(git push)]'", "bash"),
    shell("x='a[$(git push)]'; ((x))", "bash"),
    shell("read 'a[$(git push)0]' <x", "bash"),
    shell("[ -v 'a[`git push`]' ]", "bash"),
    shell("ed -s x <<< '!git push'", "bash"),
    shell("python3 - <<E\nimport os\nE"),
    shell("echo 'import os' | python3"),
    shell("perl <<< 'system(1)'", "bash"),
    "sed 's/.*/git push/e' x",
    "sed s,x,y,ge x",
    "sed -n '1e git push' x",
    "vim -c '!git push' x",
    "python3 -W ignore -c 'import os'",
    "python3 -X utf8 -c 'import os'",
    "python3 -mtimeit -s 'import os' 1",
    "python3 -m timeit 'os.system(1)'",
    "perl -I . -e 'system(1)'",
    "perl -lne 'system $_' x",
    "perl -e 'open F, \"git push|\"'",
    "tar cf x --checkpoint=1 --checkpoint-action=exec='git push' y",
    "tar -I 'git push' -cf x y",
    "split --filter='git push' x",
    "sort --compress-program=git x",
    "make --eval 'x:;git push' x",
    "rsync -ave 'git push' a b",
    shell("x=git; $x push"),
    shell("git ${X:-push}"),
    shell("echo 'git push' | sh"),
    shell("cat <<E | bash -s\ngit push\nE"),
    shell("{git,push}", "bash"),
    shell("source x", "bash"),
    shell(". ./x"),
    shell("alias g=git; g push"),
    shell('sh -c "$X"'),
    shell("echo $'\\'' ; git push #'", "bash"),
    shell("=git push", "zsh"),
    shell("if [[ -f x ]] { git push }", "zsh"),
    shell("for x { git push }", "zsh"),
    ["fish", "-c", "and git push"],
    shell("GIT_EDITOR='git push' git commit"),
    shell("export BASH_ENV=x", "bash"),
    shell("echo $((git push) | (cat))", "bash"),
    "env BASH_ENV=x bash y.sh",
    "sh",
    "bash -s",
    "env -S 'git push'",
    "env -iS 'git push'",
    "env --split-string='git push'",
    "timeout --unheard-of 5 git status",
    "find . -exec git {} ;",
    "xargs git",
    "xargs -I X X push",
    "xargs sh -c",
    "ssh host git push",
    "su -c 'git push'",
    "script -c 'git push'",
    "docker run x git push",
    "sudo ls",
    "python3 -c 'import os; os.system(\"git push\")'",
    "python3 -Bc 'import subprocess'",
    "perl -e 'system(\"git push\")'",
    "ruby -e '`git push`'",
    "node --eval 'require(\"child_process\")'",
    "awk 'BEGIN{system(\"git push\")}'",
    "git -c alias.p=push p",
    "git -c pager.log='git push' log",
    "git -c diff.external=x diff",
    "git -c sequence.editor=x rebase -i main",
    "git -c Merge.Tool=x mergetool",
    "git --config-env=alias.p=X p",
    "git filter-branch --tree-filter 'git push'",
    "sg staff -c 'git push'",
    "nix run x",
    "uv run -m x",
    "/lib64/ld-linux-x86-64.so.2 /usr/bin/git push",
    ["llm-exec", "--timeout", "\0", "git", "push"],
    shell("git${IFS}push", "bash"),
    shell("g$X push"),
    "/lib/ld-musl-x86_64.so.1 /usr/bin/git push",
    "fd . -x git push",
    "deno eval 'x'",
    "bun -e 'Bun.spawn(x)'",
    "nodemon --exec 'git push'",
    "dotenv -- git push",
    "git fetch --upload-pack 'git push' .",
    "git clone -u 'git push' . x",
    "git clone --config core.fsmonitor='git push' . x",
    "git grep -O'git push' x",
    "git send-email --smtp-server=/x",
    "git init --template=x",
    "env NODE_OPTIONS=--require=./x.js node y.js",
    "env PERL5OPT=-Mx perl y",
    shell("MAKEFLAGS=--eval=x make"),
]


@pytest.mark.parametrize("command", HIDDEN)
def test_what_may_hide_one_asks(command):
    assert verdict(command, deny=["git push"]) in ("ask", "deny")
    assert verdict(command, ask=["git push"]) == "ask"
    assert verdict(command, allow=["ls"]) == "deny"
    assert verdict(command) == "allow"


PLAIN = [
    shell("echo $HOME"),
    shell("ls $X/*.py"),
    shell("cat <<E\ngit push\nE"),
    shell('for f in *.py; do echo "$f"; done'),
    shell('[ -n "$X" ] && echo y'),
    shell("[[ $a == b* ]] && echo y", "bash"),
    shell("x=$((1+2)); echo $x"),
    shell('git commit -m "$msg"'),
    shell("make -j$(nproc) && ./test > out 2>&1"),
    shell("if [ -f x ]; then cat x; else echo; fi"),
    shell("test -f x || exit 1; export A=b; cd $X"),
    shell("export PATH=$HOME/bin:$PATH && ls"),
    shell("GIT_PAGER=cat GIT_AUTHOR_NAME=me git log"),
    "sh x.sh",
    "bash --version",
    "env",
    "command -v git",
    "find . -name x",
    "xargs ls",
    "awk '{print $1}'",
    "python3 -c 'import json, sys; print(json.load(sys.stdin))'",
    "node -e 'console.log(1)'",
    "uv run pytest",
    "npx eslint .",
    "npm run build",
    "git -C x log --oneline",
    "git -c user.name=me -c color.ui=always log",
    "git rebase main",
    "setarch",
    "direnv allow",
    shell("git \\\n status"),
    shell("ls [a-z]*.py"),
    shell("a[0]=1; echo x", "bash"),
    shell("[ -n '$(x' ]"),
    "sed -i -e s/false/true/ x",
    "sed -n /name/p x",
    "sed 's|s|e|;s/be/he/g' x",
    "python3 -m pytest",
    "python3 -W error -m pytest",
    "python3 -W error x.py",
    "python3 --version",
    "python3 -W ignore -c 'print(1)'",
    "perl -lne 'print' x",
    "perl -pi -e s/a/b/ x",
    "node --version",
    "make -j4 all",
    "tar xzf x.tgz -C y",
    "rsync -av --delete a b",
    "sort -u x",
    "vim x",
    "nix build",
    "fd -e py x",
    "deno run x.ts",
    "bun test",
    "git fetch -u origin main:main",
    "git add -u",
    "git clone --depth 1 x y",
    "git grep -n x",
    "git push-option",
    "env NODE_OPTIONS=--max-old-space-size=4096 RUBYOPT=-W0 MAKEFLAGS=-j4 make",
    shell("python3 x$N.py && $HOME/bin/tool && cp$X a b"),
]


@pytest.mark.parametrize("command", PLAIN)
def test_everyday_commands_are_not_in_doubt(command):
    assert verdict(command, deny=["git push", "rm -rf *"], ask=["npm publish"]) == "allow"


@pytest.mark.parametrize(
    ("command", "allow", "expected"),
    [
        ("find . -exec rm {} ;", ["find"], "deny"),
        ("find . -exec rm {} ;", ["rm"], "deny"),
        ("find . -exec ls {} ;", ["find", "ls"], "allow"),
        ("xargs rm", ["xargs"], "deny"),
        ("xargs rm", ["xargs rm"], "allow"),
        (shell("rm x"), ["sh"], "deny"),
        (shell("rm x"), ["sh -c"], "allow"),
        (shell("$X"), ["sh"], "deny"),
        (shell("$X"), ["*"], "deny"),
        ("env PATH=. ls", ["ls"], "deny"),
        (shell("PATH=. ls"), ["ls"], "deny"),
        (shell("export PATH=. && ls"), ["export", "ls"], "deny"),
        (shell("PATH=. ls"), ["PATH", "ls"], "allow"),
        ("sudo ls", ["ls"], "deny"),
        ("sudo ls", ["sudo *"], "allow"),
        ("python3 -c 'import os'", ["python*"], "allow"),
        ("python3 x.py", ["python* -c"], "deny"),
        ("git bisect run ls", ["ls"], "deny"),
        (shell("cd x && ls | grep y"), ["cd", "ls", "grep"], "allow"),
        (shell("ls $(rm x)"), ["ls"], "deny"),
        (shell("git() { rm x; }; git"), ["git"], "deny"),
    ],
)
def test_what_runs_inside_needs_a_permission_of_its_own(command, allow, expected):
    assert verdict(command, allow=allow) == expected


def test_what_cannot_be_told_is_vouched_for_only_by_a_rule_that_names_it():
    code = "python3 -c 'import os'"
    assert verdict(code, allow=["python*"], deny=["git push"]) == "allow"
    assert verdict(code, allow=["*"], deny=["git push"]) == "ask"


@pytest.mark.parametrize(
    ("command", "expected"),
    [("rm -rf x", "deny"), ("rm -fr x", "deny"), ("rm -r -f x", "deny"), ("rm -vfr x", "deny"), ("rm -r x", "allow")],
)
def test_short_options_are_told_in_any_order(command, expected):
    assert verdict(command, deny=["rm -rf *"]) == expected


def test_many_options_take_no_time():
    assert verdict(["git", *["-a"] * 5000, "status"], deny=["git push"]) == "allow"


def test_a_rule_with_an_odd_quote_is_still_a_rule():
    assert verdict(["don't", "x"], deny=["don't x"]) == "deny"


AROUND = [
    lambda words: shell(shlex.join(words)),
    lambda words: ["bash", "-euo", "pipefail", "-c", f"cd / && {shlex.join(words)} | cat"],
    lambda words: ["zsh", "-lc", f"(true; {shlex.join(words)} >out 2>&1 &)"],
    lambda words: shell(f'echo `{"true"}` "$({shlex.join(words)})"'),
    lambda words: shell(f"if true; then {shlex.join(words)}; fi"),
    lambda words: shell(f"cat <<'E'\nx\nE\n{shlex.join(words)}"),
    lambda words: shell(f"eval {shlex.quote(shlex.join(words))}"),
    lambda words: ["env", "-u", "B", "A=b c", *words],
    lambda words: ["/usr/bin/timeout", "-k", "3", "--signal=9", "5", *words],
    lambda words: ["nice", "-n", "3", *words],
    lambda words: ["setsid", "-w", "nohup", *words],
    lambda words: ["stdbuf", "-oL", *words],
    lambda words: ["flock", "x", *words],
    lambda words: ["uv", "run", "--with", "x", "--", *words],
    lambda words: ["nix-shell", "-p", "x", "--run", shlex.join(words)],
    lambda words: ["nix", "develop", "-c", *words],
    lambda words: ["llm-exec", "--timeout", "5", "--", *words],
    lambda words: ["llmx", "exec", "--json", "--command", shlex.join(words)],
]
nestings = st.lists(st.sampled_from(AROUND), max_size=5)


@given(nestings)
def test_in_any_nesting_a_denied_command_stays_denied(nesting):
    words = ["git", "-C", "a b", "push", "it's"]
    for wrap in nesting:
        words = wrap(words)
    assert verdict(words, deny=["git push"]) == "deny"


@given(nestings)
def test_in_any_nesting_an_allowed_command_stays_allowed_and_another_is_not(nesting):
    allow = ["ls", "cd", "cat", "true", "echo"]
    inner, other = ["ls", "a b", "$x"], ["rm", "a b"]
    for wrap in nesting:
        inner, other = wrap(inner), wrap(other)
    assert verdict(inner, allow=allow, deny=["git push"]) == "allow"
    assert verdict(other, allow=allow) == "deny"
