"""The shipped profiles."""

import os

import pytest

from llmx.core.settings.keys import PROFILES
from llmx.core.settings.profiles import FOLDER, profiles, read_profile

PROMISED = ["minimal", "development", "providers", "ollama", "gguf", "mlx", "ci", "rag-dev", "rag-prod"]


def test_the_files_are_the_listed_ones():
    assert sorted(os.listdir(FOLDER)) == sorted(f"{name}.toml" for name in PROFILES)


@pytest.mark.promise("S2-04")
def test_those_that_were_promised_are_there():
    assert set(PROMISED) < set(PROFILES)


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.name)
def test_each_says_what_it_is_for_in_one_line_and_sets_something_that_no_project_could_abuse(profile):
    assert profile.description.endswith(".")
    assert 20 < len(profile.description) <= 110
    names = {entry.name for entry in read_profile(profile.name).entries}
    assert names
    assert not names & {"profile", "exec.policy.lock", "llm.api_key", "llm.api_base", "exec.env_allow"}


@pytest.mark.promise("S3-29")
def test_the_one_for_little_memory_asks_for_the_small_model_that_was_promised_and_for_short_answers():
    values = {entry.name: entry.read() for entry in read_profile("pi").entries}
    llm = {name: values[f"llm.{name}"] for name in ("backend", "model", "max_tokens")}
    assert llm == {"backend": "ollama", "model": "qwen2.5:1.5b", "max_tokens": 256}
