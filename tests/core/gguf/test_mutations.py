"""Two thousand damaged files: each is described or refused with a message, and none is believed to be a giant."""

import pytest

from llmx.cli.model_info import as_dict, fit_of, lines
from llmx.core.gguf.header import read_header
from llmx.core.gguf.model_facts import facts_of
from llmx.errors import LlmxError
from tests.core.gguf.mutations import mutations, whole

FILES = 2000


@pytest.mark.promise("S4-27")
def test_every_damaged_file_is_described_or_refused_with_a_message(tmp_path):
    path = str(tmp_path / "model.gguf")
    described = refused = 0
    for data in mutations(FILES):
        with open(path, "wb") as file:
            file.write(data)
        try:
            facts = facts_of(read_header(path))
            fit = fit_of(facts, facts.context or 256)
            assert lines(facts, fit)
            assert as_dict(facts, fit)
        except LlmxError as error:
            assert str(error)  # noqa: PT017  # what is raised is what is looked at
            refused += 1
        else:
            described += 1
    assert described + refused == FILES
    assert described > 50
    assert refused > 500


def test_the_file_that_is_damaged_is_sound(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(whole()[0])
    assert facts_of(read_header(str(path))).parameters > 20_000
