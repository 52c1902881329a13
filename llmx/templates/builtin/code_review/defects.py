"""Defects that a reviewer must see, in several languages: what is planted to learn whether anybody has looked."""

from typing import NamedTuple


class Defect(NamedTuple):
    """A kind of defect, the aspect under which it is one, and code that has it; ``NAME`` becomes a fresh name."""

    kind: str
    aspect: str
    code: str


_COMMAND, _QUERY, _EMPTY = "a command from a parameter", "a query from a parameter", "a division by zero"


def _defects(command: str, query: str, empty: str) -> tuple[Defect, ...]:
    return (
        Defect(_COMMAND, "security", command),
        Defect(_QUERY, "security", query),
        Defect(_EMPTY, "correctness", empty),
    )


PYTHON = (
    *_defects(
        'def NAME(path):\n    import os\n    return os.system("tar -czf /tmp/NAME.tgz " + path)',
        'def NAME(db, name):\n    return db.execute("SELECT * FROM NAME WHERE name = \'" + name + "\'")',
        "def NAME(values):\n    values = []\n    NAME_total = sum(values) / len(values)\n    return NAME_total",
    ),
    Defect(
        "a search in a list for every item",
        "performance",
        "def NAME(rows):\n    seen = []\n    for row in rows:\n        if row not in seen:\n"
        "            seen = seen + [row]\n    return seen",
    ),
    Defect(
        "branches that say the same",
        "maintainability",
        "def NAME(kind):\n    if kind == 17:\n        return 17 * 3600 * 24\n    elif kind == 18:\n"
        "        return 18 * 3600 * 24\n    elif kind == 19:\n        return 19 * 3600 * 24\n    return kind * 86400",
    ),
    Defect(
        "names that break every rule",
        "style",
        "def NAME( A,bB ,l ) :\n  O = A+bB;I=l\n  return O+I if ( I == True ) else O",
    ),
    Defect(
        "a description of something else",
        "documentation",
        'def NAME(path):\n    """Delete nothing: return the number of lines of the file at ``path``."""\n'
        "    import shutil\n    shutil.rmtree(path)",
    ),
    Defect(
        "a test that cannot fail",
        "testing",
        "def test_NAME():\n    result = 1 + 1\n    assert result or True",
    ),
)

_JAVASCRIPT = _defects(
    'function NAME(path) {\n  return require("child_process").execSync("tar -czf /tmp/NAME.tgz " + path);\n}',
    'function NAME(db, name) {\n  return db.query("SELECT * FROM NAME WHERE name = \'" + name + "\'");\n}',
    "function NAME(values) {\n  const found = [];\n  const NAME_first = found[0].value / found.length;\n"
    "  return NAME_first;\n}",
)
_GO = _defects(
    'func NAME(path string) error {\n\treturn exec.Command("sh", "-c", "tar -czf /tmp/NAME.tgz "+path).Run()\n}',
    "func NAME(db *sql.DB, name string) (*sql.Rows, error) {\n"
    '\treturn db.Query("SELECT * FROM NAME WHERE name = \'" + name + "\'")\n}',
    "func NAME(values []int) int {\n\tNAMECount := 0\n\treturn len(values) / NAMECount\n}",
)
_JAVA = _defects(
    "class NAMEBackup {\n    void run(String path) throws Exception {\n"
    '        Runtime.getRuntime().exec(new String[] {"sh", "-c", "tar -czf /tmp/NAME.tgz " + path});\n    }\n}',
    "class NAMEQuery {\n    Object run(java.sql.Statement s, String name) throws Exception {\n"
    '        return s.executeQuery("SELECT * FROM NAME WHERE name = \'" + name + "\'");\n    }\n}',
    "class NAMEMean {\n    int run(int[] values) {\n        int NAMECount = 0;\n"
    "        return values.length / NAMECount;\n    }\n}",
)
_C = _defects(
    'int NAME(const char *path) {\n    char line[64];\n    sprintf(line, "tar -czf /tmp/NAME.tgz %s", path);\n'
    "    return system(line);\n}",
    "int NAME(sqlite3 *db, const char *name) {\n    char line[64];\n"
    "    sprintf(line, \"DELETE FROM NAME WHERE name = '%s'\", name);\n    return sqlite3_exec(db, line, 0, 0, 0);\n}",
    "int NAME(int total) {\n    int NAME_count = 0;\n    return total / NAME_count;\n}",
)
_RUST = _defects(
    "pub fn NAME(path: &str) -> std::io::Result<std::process::ExitStatus> {\n"
    '    std::process::Command::new("sh").arg("-c").arg(format!("tar -czf /tmp/NAME.tgz {path}")).status()\n}',
    "pub fn NAME(db: &Connection, name: &str) -> Result<usize> {\n"
    "    db.execute(&format!(\"DELETE FROM NAME WHERE name = '{name}'\"), [])\n}",
    "pub fn NAME(values: &[u32]) -> u32 {\n    let NAME_count = values.len() as u32 * 0;\n"
    "    values.iter().sum::<u32>() / NAME_count\n}",
)
_RUBY = _defects(
    'def NAME(path)\n  system("tar -czf /tmp/NAME.tgz #{path}")\nend',
    "def NAME(db, name)\n  db.execute(\"SELECT * FROM NAME WHERE name = '#{name}'\")\nend",
    "def NAME(values)\n  NAME_count = 0\n  values.sum / NAME_count\nend",
)
_SHELL = _defects(
    'NAME() {\n    eval "tar -czf /tmp/NAME.tgz $1"\n}',
    "NAME() {\n    sqlite3 NAME.db \"DELETE FROM NAME WHERE name = '$1'\"\n}",
    "NAME() {\n    NAME_count=0\n    echo $(( $1 / NAME_count ))\n}",
)

BY_SUFFIX: dict[str, tuple[Defect, ...]] = {
    **dict.fromkeys(("py",), PYTHON),
    **dict.fromkeys(("js", "mjs", "cjs"), _JAVASCRIPT),
    **dict.fromkeys(("go",), _GO),
    **dict.fromkeys(("java",), _JAVA),
    **dict.fromkeys(("c", "cc", "cpp", "cxx"), _C),
    **dict.fromkeys(("rs",), _RUST),
    **dict.fromkeys(("rb",), _RUBY),
    **dict.fromkeys(("sh", "bash"), _SHELL),
}
"""What can be planted at the end of a file, by its suffix."""
