"""The languages that code is written in: names of files, the commands that check it, and how its tests are written."""

import re
from collections.abc import Mapping
from typing import NamedTuple

Step = tuple[str, ...]
"""One command. ``{code}`` and ``{tests}`` are the files, ``{module}`` and ``{Class}`` the name in two forms."""

Ways = tuple[tuple[Step, ...], ...]
"""Commands that one check can be made of: the first way whose programs are all there is taken."""

BY_LINES = re.compile(r"^ok\b", re.MULTILINE)


class Language(NamedTuple):
    """How code in one language is named and checked.

    ``passed`` finds passing tests in what the tests print: a number each where it has a group, else one each.
    ``empty`` is a file without anything in it, ``extra`` are files that the commands need beside.
    """

    title: str
    code: str
    tests: str
    compile: Ways
    lint: Ways
    run_tests: Ways
    rules: str
    passed: re.Pattern[str] = BY_LINES
    empty: str = ""
    extra: Mapping[str, str] = {}

    def ways(self, check: str) -> Ways:
        """The ways to make the check called so."""
        return {"compile": self.compile, "lint": self.lint, "tests": self.run_tests}[check]


_PRINTS_OK = "prints a line `ok NAME` for every test that passes, and ends with a failure as soon as one does not"
_GXX = ("-std=c++17", "-fsyntax-only")
_STRICT = ("-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-c")
_TSC = ("tsc", "--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom")
_RUST_LIB = ("--edition", "2021", "--crate-type", "lib", "--emit", "metadata")
_JAVAC = ("javac", "-J-Xmx256m", "-d", "build")
_OF_TYPESCRIPT: Ways = (
    (("oxlint", "--deny-warnings", "{code}", "{tests}"),),
    (("biome", "lint", "--error-on-warnings", "{code}", "{tests}"),),
)
_ESLINT = (
    *("eslint", "--no-config-lookup", "--max-warnings", "0", "--rule", "no-unused-vars: error"),
    *("--rule", "no-unreachable: error", "--rule", "no-dupe-keys: error", "--rule", "no-const-assign: error"),
    *("{code}", "{tests}"),
)

LANGUAGES: Mapping[str, Language] = {
    "rust": Language(
        "Rust",
        "{module}.rs",
        "{module}_test.rs",
        ((("rustc", *_RUST_LIB, "-A", "dead_code", "{code}"),),),
        ((("clippy-driver", *_RUST_LIB, "-A", "dead_code", "-D", "warnings", "{code}"),),),
        (
            (
                ("rustc", "--test", "--edition", "2021", "-A", "dead_code", "-o", "./run_tests", "{tests}"),
                ("./run_tests",),
            ),
        ),
        'The test file begins with `#[path = "{code}"] mod {module};` and has `#[test]` functions. No crates but std.',
        re.compile(r"^test result: ok\. (\d+) passed", re.MULTILINE),
    ),
    "python": Language(
        "Python",
        "{module}.py",
        "test_{module}.py",
        ((("python3", "-m", "py_compile", "{code}", "{tests}"),),),
        (
            (("ruff", "check", "--isolated", "--no-cache", "--select", "E4,E7,E9,F", "{code}", "{tests}"),),
            (("pyflakes", "{code}", "{tests}"),),
            (("pyflakes3", "{code}", "{tests}"),),
            (("flake8", "--isolated", "--select", "E9,F", "{code}", "{tests}"),),
        ),
        ((("python3", "-m", "unittest", "-v", "test_{module}"),),),
        "The test file imports {module} and has classes of unittest. Nothing but the standard library.",
        re.compile(r"^Ran (\d+) tests?", re.MULTILINE),
    ),
    "javascript": Language(
        "JavaScript",
        "{module}.js",
        "{module}.test.js",
        ((("node", "--check", "{code}"), ("node", "--check", "{tests}")),),
        (*_OF_TYPESCRIPT, (_ESLINT,)),
        ((("node", "--test", "--test-reporter=tap", "{tests}"),),),
        "CommonJS: module.exports and require('./{code}'). The test file uses node:test and node:assert. No packages.",
        re.compile(r"^# pass (\d+)", re.MULTILINE),
    ),
    "typescript": Language(
        "TypeScript",
        "{module}.ts",
        "{module}.test.ts",
        (((*_TSC, "--noEmit", "{code}", "{tests}"),),),
        _OF_TYPESCRIPT,
        (((*_TSC, "--outDir", "build", "{tests}"), ("node", "build/{module}.test.js")),),
        f"The test file imports from './{{module}}' and {_PRINTS_OK} by throwing an Error. No packages, no Node types.",
    ),
    "go": Language(
        "Go",
        "{module}.go",
        "{module}_test.go",
        ((("go", "build", "./..."),),),
        ((("go", "vet", "./..."),),),
        ((("go", "test", "-v", "./..."),),),
        "Both files are of package {module}; the test file uses testing. Nothing but the standard library.",
        re.compile(r"^--- PASS", re.MULTILINE),
        "package {module}\n",
        {"go.mod": "module {module}\n\ngo 1.19\n"},
    ),
    "java": Language(
        "Java",
        "{Class}.java",
        "{Class}Test.java",
        (((*_JAVAC, "{code}", "{tests}"),),),
        (((*_JAVAC, "-Xlint:all", "-Werror", "{code}", "{tests}"),),),
        (((*_JAVAC, "{code}", "{tests}"), ("java", "-Xmx256m", "-cp", "build", "{Class}Test")),),
        "The public class is {Class}, in no package. The test file has the class {Class}Test, whose main"
        f" {_PRINTS_OK} by throwing an AssertionError. No JUnit, nothing but the JDK.",
    ),
    "cpp": Language(
        "C++17",
        "{module}.cpp",
        "{module}_test.cpp",
        ((("g++", *_GXX, "{code}", "{tests}"),), (("clang++", *_GXX, "{code}", "{tests}"),)),
        (
            (("g++", *_STRICT, "{code}", "{tests}"),),
            (("clang++", *_STRICT, "{code}", "{tests}"),),
        ),
        (
            (("g++", "-std=c++17", "-o", "./run_tests", "{tests}"), ("./run_tests",)),
            (("clang++", "-std=c++17", "-o", "./run_tests", "{tests}"), ("./run_tests",)),
        ),
        'The code file has no main. The test file has `#include "{code}"` and a main that'
        f" {_PRINTS_OK} by returning 1. No framework.",
    ),
    "lua": Language(
        "Lua 5.4",
        "{module}.lua",
        "{module}_test.lua",
        (
            (("luac", "-p", "{code}"), ("luac", "-p", "{tests}")),
            (("luac5.4", "-p", "{code}"), ("luac5.4", "-p", "{tests}")),
        ),
        ((("luacheck", "--no-color", "--no-cache", "--no-config", "{code}", "{tests}"),),),
        ((("lua", "{tests}"),), (("lua5.4", "{tests}"),)),
        'The code file returns a table. The test file begins with `local m = require("{module}")` and'
        f" {_PRINTS_OK} by error().",
    ),
}


class Names(NamedTuple):
    """The names that one piece of code has in its language."""

    module: str
    code: str
    tests: str

    def fill(self, text: str) -> str:
        """``text`` with the names in place of their marks."""
        marks = {"module": self.module, "Class": class_of(self.module), "code": self.code, "tests": self.tests}
        for mark, name in marks.items():
            text = text.replace(f"{{{mark}}}", name)
        return text


def names_of(language: Language, module: str) -> Names:
    """The files of ``module``."""
    bare = Names(module, "", "")
    return Names(module, bare.fill(language.code), bare.fill(language.tests))


def class_of(module: str) -> str:
    """``word_count`` as a class is called: ``WordCount``."""
    return "".join(word.capitalize() for word in module.split("_") if word)
