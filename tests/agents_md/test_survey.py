"""What a repository is, by its own files: their commands, the parts of a monorepo, and nothing that is not there."""

import json
import random

import pytest

from llmx.agents_md.document import SHOWN, section
from llmx.agents_md.survey import DEEPEST, survey


@pytest.fixture
def tree(tmp_path):
    """Writes files below a root; what the root then is."""

    def make(files):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text if isinstance(text, str) else json.dumps(text))
        return survey(tmp_path.resolve())

    return make


def scripts(*names, **more):
    return {"scripts": dict.fromkeys(names, "x"), **more}


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        ({"package.json": scripts("build", "test"), "package-lock.json": ""}, ["npm ci", "npm run build", "npm test"]),
        ({"package.json": scripts("lint")}, ["npm install", "npm run lint"]),
        ({"package.json": scripts("test"), "pnpm-lock.yaml": ""}, ["pnpm install", "pnpm test"]),
        ({"package.json": scripts("test"), "yarn.lock": ""}, ["yarn install", "yarn test"]),
        ({"package.json": scripts("test"), "bun.lock": ""}, ["bun install", "bun run test"]),
        ({"package.json": scripts("test", packageManager="pnpm@9"), "yarn.lock": ""}, ["pnpm install", "pnpm test"]),
        ({"package.json": {"scripts": {"test": 'echo "Error: no test specified" && exit 1'}}}, ["npm install"]),
        ({"package.json": scripts("x; rm -rf /", "`y`", "test\n")}, ["npm install"]),
        ({"package.json": '{"scripts": "no"'}, []),
        ({"package.json": "[]"}, []),
        ({"deno.json": {"tasks": {"test": "x"}}}, ["deno task test"]),
        (
            {"Makefile": "all: x\nbuild test: y\n\tz\nCC := gcc\nlint::\n\tx\n"},
            ["make build", "make test", "make lint"],
        ),
        ({"justfile": "set shell := ['sh']\ntest arg='x': build\n  y\nfmt:\n  x\n"}, ["just test", "just fmt"]),
        ({"Taskfile.yml": "version: '3'\ntasks:\n  test: {cmds: [x]}\n"}, ["task test"]),
        ({"Taskfile.yml": "tasks: [\n"}, []),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\n[tool.ruff]\n[tool.mypy]\nfiles = ['a']\n", "uv.lock": ""},
            ["uv sync", "uv run pytest", "uv run ruff check", "uv run ruff format", "uv run mypy"],
        ),
        ({"pyproject.toml": "[project]\nname='a'\n[build-system]\n", "tox.ini": ""}, ["pip install -e .", "tox"]),
        ({"requirements.txt": "", "pytest.ini": ""}, ["pip install -r requirements.txt", "pytest"]),
        (
            {"pyproject.toml": "[tool.hatch.envs]\ndefault.scripts={test='x'}\ndocs.scripts={build='y'}\n"},
            ["hatch run test", "hatch run docs:build"],
        ),
        (
            {"pyproject.toml": "[tool.pdm.scripts]\ntest='x'\n[tool.poe.tasks]\nlint='y'\n", "pdm.lock": ""},
            ["pdm install", "pdm run test", "pdm run poe lint"],
        ),
        ({"pyproject.toml": "[tool.poe]\ntasks = 1\n[tool.hatch.envs]\n'a`b'={scripts={test='x'}}\n"}, []),
        ({"mise.toml": "[tasks.build]\nrun='x'\n[tasks]\n'test'='y'\n"}, ["mise run build", "mise run test"]),
        ({".mise.toml": "tasks = []\n"}, []),
        ({"MODULE.bazel": "", "BUILD.bazel": ""}, ["bazel build //...", "bazel test //..."]),
        ({"go.work": "use ./a\n"}, []),
        ({"Cargo.toml": "[workspace]\n"}, ["cargo build --workspace", "cargo test --workspace"]),
        ({"Cargo.toml": "[package]\n", "clippy.toml": ""}, ["cargo build", "cargo test", "cargo clippy"]),
        ({"go.mod": "module m\n", ".golangci.yml": ""}, ["go build ./...", "go test ./...", "golangci-lint run"]),
        ({"pom.xml": "", "mvnw": ""}, ["./mvnw package", "./mvnw test"]),
        ({"build.gradle": ""}, ["gradle build", "gradle test"]),
        (
            {"CMakeLists.txt": "PROJECT(x)\nenable_testing()\n"},
            ["cmake -B build && cmake --build build", "ctest --test-dir build"],
        ),
        ({"a.sln": ""}, ["dotnet build", "dotnet test"]),
        ({"Gemfile": "", ".rspec": ""}, ["bundle install", "bundle exec rspec"]),
        ({"composer.json": scripts("test")}, ["composer install", "composer test"]),
        ({"mix.exs": ""}, ["mix deps.get", "mix compile", "mix test"]),
        ({".pre-commit-config.yaml": ""}, ["pre-commit run --all-files"]),
        ({"README.md": "make test"}, []),
    ],
)
def test_commands_come_from_the_files_that_declare_them(tree, files, lines):
    (root,) = tree(files)
    assert [one.line for one in root.commands] == lines
    assert {one.source for one in root.commands} <= files.keys()


def test_a_monorepo_has_parts_each_with_its_own_commands(tree):
    found = tree(
        {
            "package.json": {"name": "shop", "description": "Sells\n`things`", "workspaces": ["packages/*"]},
            "pnpm-lock.yaml": "",
            "packages/api/package.json": scripts("test", name="@shop/api"),
            "packages/empty/package.json": {"name": "nothing"},
            "services/mail/go.mod": "module mail\n",
            "node_modules/x/package.json": scripts("test"),
            "tests/fixtures/package.json": scripts("test"),
            ".hidden/package.json": scripts("test"),
            "/".join(["deep"] * (DEEPEST + 1)) + "/go.mod": "module deep\n",
        }
    )
    assert [(part.folder, part.name) for part in found] == [
        (".", "shop"),
        ("packages/api", "@shop/api"),
        ("services/mail", "mail"),
    ]
    assert found[0].description == "Sells things"
    assert [one.line for one in found[1].commands] == ["pnpm test"]
    text = section(found[0], found[1:], with_usage=False)
    assert "- `packages/api` (@shop/api): `pnpm test`" in text
    assert "- `services/mail`: `go build ./...`, `go test ./...`, `go vet ./...`" in text


def test_a_very_large_monorepo_is_counted(tree):
    found = tree({f"p{n:03}/go.mod": f"module p{n}\n" for n in range(SHOWN + 7)})
    text = section(found[0], found[1:], with_usage=False)
    assert text.count("\n- `p") == SHOWN
    assert text.endswith("- and 7 more")


def test_a_manifest_that_leads_out_of_the_repository_or_is_huge_says_nothing(tree, tmp_path_factory, tmp_path):
    outside = tmp_path_factory.mktemp("outside") / "package.json"
    outside.write_text(json.dumps(scripts("test")))
    (tmp_path / "package.json").symlink_to(outside)
    (tmp_path / "Makefile").write_text("test:\n" + "#" * (1 << 20))
    (root,) = tree({})
    assert root.commands == ()


def test_whatever_bytes_a_manifest_holds_nothing_breaks(tmp_path):
    random.seed(7)
    names = ["package.json", "pyproject.toml", "Makefile", "justfile", "Taskfile.yml", "Cargo.toml", "go.mod"]
    for _ in range(40):
        for name in names:
            (tmp_path / name).write_bytes(random.randbytes(60))
        assert len(survey(tmp_path.resolve())) == 1
