"""Each layer wins over the ones below, and every value says where it comes from."""

import hashlib

import pytest

from llmx.core.settings import Places
from llmx.core.settings.keys import BY_NAME, PROFILES, defaults
from llmx.core.settings.sources import Source
from llmx.errors import ConfigError

FORBIDDING = ["exec.policy.deny", "exec.policy.ask", "exec.protect"]
LAYERS = ["default", "profile", "system", "user", "project", "config", "environment", "flags"]


@pytest.mark.parametrize("top", range(len(LAYERS)))
@pytest.mark.promise("S0-42", "S2-03")
def test_each_layer_wins_over_all_below_it(machine, top):
    present = set(LAYERS[: top + 1])
    for seconds, name in enumerate(("system", "user", "project", "config"), 101):
        if name in present:
            machine.write(name, f"\n[exec.isolation]\ntimeout = {seconds}\n")
    if "environment" in present:
        machine.env["LLMX_EXEC__ISOLATION__TIMEOUT"] = "105"
    flags = {"exec.isolation.timeout": 106.0} if "flags" in present else None
    profile = "ci" if "profile" in present else None
    merged = machine.merged(config="config" in present, profile=profile, flags=flags)
    source = merged.sources["exec.isolation.timeout"]
    assert merged.values["exec.isolation.timeout"] == [300, 600, 101, 102, 103, 104, 105, 106][top]
    assert source.layer == LAYERS[top]
    if LAYERS[top] in machine.files:
        assert (source.file, source.line) == (str(machine.files[LAYERS[top]]), 3)
        assert str(source) == f"{LAYERS[top]} ({machine.files[LAYERS[top]]}:3)"
    assert merged.notices == []


def test_without_any_file_everything_is_a_default(machine):
    merged = machine.merged()
    assert merged.values == defaults()
    assert set(merged.sources.values()) == {Source("default")}


def test_what_a_layer_does_not_say_stays_as_below(machine):
    machine.write("user", "exec.grace = 1\nexec.stall_timeout = 9")
    machine.write("config", "exec.grace = 2")
    values = machine.merged(config=True).values
    assert (values["exec.grace"], values["exec.stall_timeout"]) == (2.0, 9.0)


def test_a_list_replaces_the_list_below(machine):
    machine.write("system", "llm.fallback = ['a', 'b']")
    machine.write("user", "llm.fallback = []")
    assert machine.merged().values["llm.fallback"] == ()


@pytest.mark.parametrize("key", FORBIDDING)
@pytest.mark.parametrize("is_trusted", [True, False])
def test_what_a_file_forbids_is_added_to_what_is_forbidden_below(machine, key, is_trusted):
    machine.write("system", f"{key} = ['a', 'b']")
    machine.write("user", f"{key} = []")
    project = machine.write("project", f"{key} = ['b', 'c']")
    machine.write("config", f"{key} = ['d']")
    if is_trusted:
        machine.env["LLMX_TRUST"] = f"sha256:{sha256(project)}"
    merged = machine.merged(config=True)
    assert merged.values[key] == machine.active(config=True)[key] == ("a", "b", "c", "d")
    assert (merged.loosened, merged.notices) == ([], [])
    said = str(merged.sources[key])
    assert [said.index(str(machine.files[name])) for name in ("config", "project", "user", "system")] == sorted(
        said.index(str(file)) for file in machine.files.values()
    )
    machine.env[BY_NAME[key].variable] = "z"
    assert machine.merged(config=True).values[key] == ("z",)
    assert machine.active(config=True).loosened == [BY_NAME[key].variable]


def test_the_nearest_project_file_alone_counts(machine):
    machine.write("project", "exec.grace = 1\nexec.stall_timeout = 9")
    (machine.cwd / "llmx.toml").write_text("exec.grace = 2")
    values = machine.merged().values
    assert (values["exec.grace"], values["exec.stall_timeout"]) == (2.0, 0.0)


def test_nothing_above_the_home_folder_is_looked_at(machine):
    (machine.home.parent / "llmx.toml").write_text("exec.grace = 2")
    assert machine.places().projects == []
    (machine.home / "llmx.toml").write_text("exec.grace = 3")
    assert machine.merged().values["exec.grace"] == 3.0


def test_outside_the_home_folder_the_search_ends_at_the_root(machine, tmp_path):
    outside = tmp_path / "elsewhere" / "deep"
    outside.mkdir(parents=True)
    (tmp_path / "llmx.toml").write_text("exec.grace = 2")
    assert Places(machine.env, str(outside)).projects == [str(tmp_path / "llmx.toml")]
    assert Places(machine.env, "/").projects == []


def test_a_given_file_that_is_not_there_is_an_error(machine):
    with pytest.raises(ConfigError, match=r"given\.toml: No such file"):
        machine.merged(config=True)


def test_a_given_file_may_be_named_from_the_folder_and_by_variable(machine):
    (machine.cwd / "mine.toml").write_text("exec.grace = 2")
    machine.env["LLMX_CONFIG"] = "mine.toml"
    assert machine.merged().values["exec.grace"] == 2.0


class TestProfile:
    @pytest.mark.parametrize("name", PROFILES)
    def test_every_profile_is_sound(self, machine, name):
        merged = machine.merged(profile=name)
        assert merged.notices == []
        assert merged.values["profile"] == name
        assert "profile" in {source.layer for source in merged.sources.values()}

    @pytest.mark.parametrize(
        ("flag", "variable", "files", "expected"),
        [
            ("ci", "pi", ("gguf", "mlx"), ("ci", "flags")),
            (None, "pi", ("gguf", "mlx"), ("pi", "environment")),
            (None, None, ("gguf", "mlx"), ("gguf", "config")),
            (None, None, ("", "mlx"), ("mlx", "user")),
            (None, None, ("", ""), (None, "default")),
        ],
    )
    def test_the_strongest_word_names_it(self, machine, flag, variable, files, expected):
        config, user = files
        machine.write("config", f"profile = '{config}'" if config else "")
        machine.write("user", f"profile = '{user}'" if user else "")
        if variable:
            machine.env["LLMX_PROFILE"] = variable
        merged = machine.merged(config=True, profile=flag)
        assert (merged.values["profile"], merged.sources["profile"].layer) == expected

    def test_a_project_names_one_only_when_trusted(self, machine):
        file = machine.write("project", "profile = 'pi'")
        assert machine.merged().values["profile"] is None
        machine.env["LLMX_TRUST"] = f"sha256:{sha256(file)}"
        merged = machine.merged()
        assert merged.values["profile"] == "pi"
        assert merged.values["llm.max_tokens"] == 256

    def test_an_unknown_one_gets_the_nearest(self, machine):
        with pytest.raises(ConfigError) as caught:
            machine.merged(profile="developmnt")
        assert caught.value.hint == "did you mean development?"
        with pytest.raises(ConfigError, match=r"profile '\.\./x'"):
            machine.merged(profile="../x")


class TestLock:
    """`exec.policy.lock` in a file: nothing above that file may loosen."""

    LOOSER = "[exec]\nmemory = 0\npolicy.level = 'privileged'\nisolation.enabled = false\ngrace = 9"

    @pytest.mark.parametrize(
        ("locker", "above"),
        [("system", "user")] + [(a, b) for a in ("system", "user") for b in ("project", "config", "environment")],
    )
    def test_what_loosens_is_left_out_and_told(self, machine, locker, above):
        machine.write(locker, "[exec]\nmemory = '1G'\npolicy.lock = true")
        if above == "environment":
            machine.env |= {"LLMX_EXEC__MEMORY": "0", "LLMX_EXEC__POLICY__LEVEL": "privileged"}
            machine.env |= {"LLMX_EXEC__ISOLATION__ENABLED": "false", "LLMX_EXEC__GRACE": "9"}
        else:
            file = machine.write(above, self.LOOSER)
            machine.env["LLMX_TRUST"] = f"sha256:{sha256(file)}"
        merged = machine.merged(config=above == "config")
        assert (merged.values["exec.memory"], merged.values["exec.policy.level"]) == (1 << 30, "safe")
        assert merged.values["exec.isolation.enabled"] is True
        assert merged.values["exec.grace"] == 9.0
        assert sum("exec.policy.lock is set" in notice for notice in merged.notices) == 3
        assert machine.active(config=above == "config").values == merged.values

    @pytest.mark.parametrize(
        ("key", "held", "asked"),
        [
            ("exec.write", [], "/"),
            ("exec.read", ["/a"], "/b"),
            ("exec.env_allow", [], "API_KEY"),
            ("exec.policy.allow", ["ls"], "*"),
        ],
    )
    @pytest.mark.parametrize("above", ["project", "config", "environment"])
    def test_it_holds_lists_too(self, machine, key, held, asked, above):
        machine.write("user", f"{key} = {held}\nexec.policy.lock = true")
        if above == "environment":
            machine.env["LLMX_" + key.upper().replace(".", "__")] = asked
        else:
            file = machine.write(above, f"{key} = ['{asked}']")
            machine.env["LLMX_TRUST"] = f"sha256:{sha256(file)}"
        settings = machine.active(config=above == "config")
        assert settings[key] == tuple(held)
        assert settings.loosened == []
        assert any(f"would loosen {key}" in notice for notice in settings.notices)

    @pytest.mark.parametrize("key", FORBIDDING)
    def test_a_variable_cannot_take_away_what_a_file_forbids(self, machine, key):
        machine.write("user", f"{key} = ['rm']\nexec.policy.lock = true")
        machine.env[BY_NAME[key].variable] = "other"
        settings = machine.active()
        assert (settings[key], settings.loosened) == (("rm",), [])
        assert any(f"would loosen {key}" in notice for notice in settings.notices)

    @pytest.mark.parametrize("above", ["config", "environment"])
    def test_it_cannot_be_taken_off_from_above(self, machine, above):
        machine.write("user", "exec.policy.lock = true")
        machine.write("config", "exec.policy.lock = false" if above == "config" else "")
        machine.env["LLMX_EXEC__POLICY__LOCK"] = "false" if above == "environment" else ""
        merged = machine.merged(config=True)
        assert merged.values["exec.policy.lock"] is True
        assert len(merged.notices) == 1

    def test_the_file_that_locks_may_itself_loosen(self, machine):
        machine.write("user", "exec.policy.level = 'privileged'\nexec.policy.lock = true")
        assert machine.merged().values["exec.policy.level"] == "privileged"

    def test_what_tightens_goes_through(self, machine):
        machine.write("user", "exec.policy.lock = true")
        machine.env["LLMX_EXEC__POLICY__LEVEL"] = "restricted"
        assert machine.merged().values["exec.policy.level"] == "restricted"

    def test_an_untrusted_project_cannot_lock(self, machine):
        machine.write("project", "exec.policy.lock = true")
        assert machine.merged().values["exec.policy.lock"] is False


class TestLoosened:
    """Without a lock the settings tell what of a caller's choice allows more than what stands below it."""

    FILE = "[exec]\nmemory = '1G'\npolicy.level = 'restricted'\npolicy.deny = ['rm']\nsandbox = 'required'"

    @pytest.mark.parametrize(
        ("variable", "value", "is_told"),
        [
            ("LLMX_EXEC__MEMORY", "2G", True),
            ("LLMX_EXEC__MEMORY", "0", True),
            ("LLMX_EXEC__MEMORY", "512M", False),
            ("LLMX_EXEC__POLICY__LEVEL", "safe", True),
            ("LLMX_EXEC__POLICY__DENY", "ls", True),
            ("LLMX_EXEC__POLICY__DENY", "rm,ls", False),
            ("LLMX_EXEC__SANDBOX", "auto", True),
            ("LLMX_EXEC__READ", "/x", True),
            ("LLMX_EXEC__GRACE", "9", False),
        ],
    )
    def test_a_variable_is_told_by_what_it_goes_beyond(self, machine, variable, value, is_told):
        machine.write("user", self.FILE)
        machine.env[variable] = value
        assert machine.active().loosened == machine.merged().loosened == ([variable] if is_told else [])

    @pytest.mark.parametrize(("layer", "is_told"), [("user", False), ("project", True), ("config", True)])
    @pytest.mark.parametrize("looks", ["at once", "later"])
    def test_a_layer_is_told_where_a_caller_can_choose_it(self, machine, layer, is_told, looks):
        file = machine.write(layer, "exec.isolation.enabled = false")
        machine.env["LLMX_TRUST"] = f"sha256:{sha256(file)}"
        machine.env["LLMX_CONFIG"] = str(file) if layer == "config" else ""
        found = machine.active() if looks == "at once" else machine.remembered()
        assert found.loosened == ([layer] if is_told else [])

    def test_a_layer_that_only_tightens_is_not(self, machine):
        machine.write("config", self.FILE)
        assert machine.active(config=True).loosened == []


def sha256(file) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
