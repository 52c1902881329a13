"""Languages whose own tool builds and tests, wherever its file is."""

from llmx.agents_md.manifests.command import Command, Found, plain, tasks
from llmx.agents_md.manifests.folder import Folder, table


def _commands(source: str, **lines: str) -> tuple[Command, ...]:
    """One for each purpose that has a line."""
    purposes = {"set_up": "Set up", "build": "Build", "test": "Test", "lint": "Lint", "format": "Format"}
    return tuple(Command(purposes[purpose], line, source) for purpose, line in lines.items() if line)


def rust(folder: Folder) -> Found:
    """Cargo; linter and formatter where they are configured."""
    value = folder.toml("Cargo.toml")
    if not value:
        return Found()
    every = " --workspace" if "workspace" in value else ""
    lint = f"cargo clippy{every}" if folder.has("clippy.toml", ".clippy.toml") or "lints" in value else ""
    form = "cargo fmt --check" if folder.has("rustfmt.toml", ".rustfmt.toml") else ""
    lines = {"build": f"cargo build{every}", "test": f"cargo test{every}", "lint": lint, "format": form}
    package = table(value, "package")
    return Found(_commands("Cargo.toml", **lines), plain(package.get("name")), plain(package.get("description")))


def go(folder: Folder) -> Found:
    """Go's own tool, and its usual linter where it is configured."""
    if not folder.has("go.mod"):
        return Found()
    linted = folder.first(".golangci.yml", ".golangci.yaml", ".golangci.toml")
    lint = "golangci-lint run" if linted else "go vet ./..."
    module = next((line.split()[1] for line in folder.text("go.mod").splitlines() if line.startswith("module ")), "")
    return Found(_commands("go.mod", build="go build ./...", test="go test ./...", lint=lint), plain(module))


def maven(folder: Folder) -> Found:
    """Maven, or the wrapper of the project."""
    if not folder.has("pom.xml"):
        return Found()
    program = "./mvnw" if folder.has("mvnw") else "mvn"
    return Found(_commands("pom.xml", build=f"{program} package", test=f"{program} test"))


def gradle(folder: Folder) -> Found:
    """Gradle, or the wrapper of the project; a project within a larger one is built from there."""
    name = folder.first("settings.gradle.kts", "settings.gradle", "build.gradle.kts", "build.gradle")
    program = "./gradlew" if folder.has("gradlew") else "gradle"
    is_own = bool(name) and (folder.has("gradlew") or name.startswith("settings") or folder.path == folder.root)
    return Found(_commands(name, build=f"{program} build", test=f"{program} test") if is_own else ())


def bazel(folder: Folder) -> Found:
    """Bazel, at the root of its workspace."""
    name = folder.first("MODULE.bazel", "WORKSPACE.bazel", "WORKSPACE")
    return Found(_commands(name, build="bazel build //...", test="bazel test //...") if name else ())


def cmake(folder: Folder) -> Found:
    """CMake, at its topmost file."""
    text = folder.text("CMakeLists.txt")
    if "project(" not in text.lower():
        return Found()
    has_tests = "enable_testing" in text or "include(CTest)" in text
    build = "cmake -B build && cmake --build build"
    return Found(_commands("CMakeLists.txt", build=build, test="ctest --test-dir build" if has_tests else ""))


def dotnet(folder: Folder) -> Found:
    """A solution of .NET."""
    solution = next((name for name in sorted(folder.names) if name.endswith((".sln", ".slnx"))), "")
    return Found(_commands(solution, build="dotnet build", test="dotnet test") if solution else ())


def ruby(folder: Folder) -> Found:
    """Bundler, and the test tool whose file is there."""
    if not folder.has("Gemfile"):
        return Found()
    rake = "bundle exec rake test" if folder.has("Rakefile") else ""
    test = "bundle exec rspec" if folder.has(".rspec", "spec") else rake
    lint = "bundle exec rubocop" if folder.has(".rubocop.yml") else ""
    return Found(_commands("Gemfile", set_up="bundle install", test=test, lint=lint))


def php(folder: Folder) -> Found:
    """Composer and its scripts."""
    value = folder.json("composer.json")
    if not value:
        return Found()
    scripts = tasks(table(value, "scripts"), "composer {}", "composer.json")
    set_up = _commands("composer.json", set_up="composer install")
    return Found((*set_up, *scripts), plain(value.get("name")), plain(value.get("description")))


def beam(folder: Folder) -> Found:
    """Elixir's mix."""
    lines = {"set_up": "mix deps.get", "build": "mix compile", "test": "mix test"}
    form = "mix format --check-formatted" if folder.has(".formatter.exs") else ""
    return Found(_commands("mix.exs", **lines, format=form) if folder.has("mix.exs") else ())
