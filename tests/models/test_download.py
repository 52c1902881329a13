"""What networks, servers and mirrors do to a pull, one fault each."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmx.errors import LlmxError, NotFoundError
from llmx.models import partial
from llmx.models.download import DigestError, Patience, Way
from llmx.models.hub import AccessError, Hub
from llmx.models.progress import Progress
from llmx.models.pull import Choices, Errand, pull_from_hub
from llmx.models.sources import HubSource
from llmx.models.web import CutError, StatusError, WebError
from tests.models.conftest import REPO

QUICK = Patience(tries=4, wait=0.01, stall=0.5, harden=0.05)
CHUNK = 1 << 20


def pull(hub, where, *, repo=REPO, report=lambda _: None, token="", connections=3, **choices):
    way = Way(connections, CHUNK, QUICK)
    return pull_from_hub(HubSource(repo), Hub(hub.url, token), Errand(where, Choices(**choices), report, way))


def content_at(path):
    with open(path, "rb") as file:
        return file.read()


def left_over(where):
    """What lies in the store beside models and their records."""
    return [name for _, _, names in os.walk(where.own) for name in names if ".part" in name]


def test_a_file_comes_in_ranges_and_is_the_right_one(hub, where, content):
    pulled = pull(hub, where)
    assert content_at(pulled.path) == content
    assert pulled.ref == f"hf:{REPO}/tiny-Q4_K_M.gguf"
    assert {seen.range for seen in hub.bodies} == {
        "bytes=0-1048575",
        "bytes=1048576-2097151",
        "bytes=2097152-3000016",
    }
    assert left_over(where) == []


@pytest.mark.parametrize(("size", "chunk"), [(1, 16), (384 << 20, 16), (1 << 30, 42), (5 << 30, 64)])
def test_a_file_comes_in_enough_pieces_for_all_connections(size, chunk):
    assert Way().chunk_of(size) >> 20 == chunk


def test_what_is_here_is_not_fetched_again(hub, where):
    pull(hub, where)
    sent = hub.bytes_sent
    again = pull(hub, where)
    assert (again.fetched, hub.bytes_sent) == (0, sent)
    assert pull(hub, where, force=True).fetched > 0


@pytest.mark.parametrize("cut", [0, 1, 65_535, 65_537, 1_000_000, 1_048_575])
def test_a_cut_at_any_byte_costs_nothing_that_was_here(hub, where, content, cut):
    hub.cuts = [cut, cut, cut]
    assert content_at(pull(hub, where).path) == content
    assert hub.bytes_sent == len(content)


def test_a_connection_that_stands_still_is_left_for_another(hub, where, content):
    hub.stalls = 1
    assert content_at(pull(hub, where).path) == content


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_refusal_is_waited_out(hub, where, content, status):
    hub.statuses = [("GET", "/resolve/", status, {"Retry-After": "0"})] * 2
    assert content_at(pull(hub, where).path) == content


def test_a_refusal_that_stays_ends_the_pull(hub, where, content):
    hub.statuses = [("GET", "/resolve/", 503, {})] * 40
    with pytest.raises(StatusError, match="503"):
        pull(hub, where, connections=1)
    hub.statuses = []
    assert content_at(pull(hub, where).path) == content
    assert left_over(where) == []


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ((404, "EntryNotFound"), NotFoundError),
        ((404, "RevisionNotFound"), NotFoundError),
        ((404, ""), NotFoundError),
        ((401, ""), AccessError),
        ((403, "GatedRepo"), AccessError),
        ((400, ""), StatusError),
    ],
)
@pytest.mark.parametrize("path", ["/api/", "/resolve/"])
def test_what_the_hub_refuses_is_said_in_words(hub, where, path, refusal, error):
    status, code = refusal
    hub.statuses = [("GET" if path == "/api/" else "HEAD", path, status, {"X-Error-Code": code})]
    with pytest.raises(error) as caught:
        pull(hub, where)
    assert caught.value.exit_code == (4 if error is NotFoundError else 3)
    assert REPO in caught.value.message


def test_bytes_with_the_wrong_digest_are_thrown_away(hub, where, content):
    hub.wrong_bytes = {"tiny-Q4_K_M.gguf": content[:-1] + b"!"}
    with pytest.raises(DigestError, match="digest"):
        pull(hub, where)
    assert left_over(where) == []
    hub.wrong_bytes = {}
    assert content_at(pull(hub, where).path) == content


def test_a_part_that_was_damaged_meanwhile_is_found_out_and_fetched_anew(hub, where, content):
    interrupted(hub, where)
    (part,) = Path(where.own).rglob("*.part")
    with part.open("r+b") as file:
        file.write(b"damaged")
    assert content_at(pull(hub, where).path) == content


@pytest.mark.parametrize("state", [b"", b"{}", b"not json", b'{"format":1,"size":3000017,"chunk":0}', b"\0" * 5000])
def test_a_state_that_says_nothing_sound_is_begun_anew(hub, where, content, state):
    interrupted(hub, where)
    (path,) = Path(where.own).rglob("*.part.state")
    path.write_bytes(state)
    assert content_at(pull(hub, where).path) == content


def interrupted(hub, where):
    """A pull that ends with 600,000 bytes of the file here."""
    hub.cuts, answer = [600_000], hub.answer

    def refuse_the_second(request, method):
        if hub.bodies and method == "GET":
            hub.statuses = [("GET", "/resolve/", 400, {})]
        answer(request, method)

    hub.answer = refuse_the_second
    with pytest.raises(StatusError, match="400"):
        pull(hub, where, connections=1)
    hub.answer, hub.statuses = answer, []


def test_what_an_earlier_pull_has_fetched_is_not_fetched_again(hub, where, content):
    interrupted(hub, where)
    assert content_at(pull(hub, where).path) == content
    assert hub.bytes_sent == len(content)


def test_after_a_restart_of_the_machine_only_what_was_on_the_disk_counts(hub, where, content, monkeypatch):
    interrupted(hub, where)
    monkeypatch.setattr(partial, "boot", lambda: "another")
    assert content_at(pull(hub, where).path) == content
    assert hub.bytes_sent == len(content)  # an error hardens what is here
    monkeypatch.undo()


def test_another_version_of_the_file_does_not_go_on_with_the_old_one(hub, where, content):
    interrupted(hub, where)
    hub.repos[REPO]["tiny-Q4_K_M.gguf"] = content[::-1]
    assert content_at(pull(hub, where).path) == content[::-1]


def test_two_pulls_of_a_file_become_one(hub, where, content):
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: pull(hub, where), range(2))
    assert content_at(first.path) == content_at(second.path) == content
    assert hub.bytes_sent == len(content)
    assert sorted([first.fetched, second.fetched]) == [0, len(content)]


def test_a_server_that_sends_another_size_is_not_believed(hub, where, content):
    hub.wrong_bytes = {"tiny-Q4_K_M.gguf": content + b"more"}
    with pytest.raises(WebError, match="3000017 "):
        pull(hub, where)


def test_a_server_without_ranges_is_read_in_one_piece(hub, where, content):
    hub.has_ranges = False
    assert content_at(pull(hub, where).path) == content


def test_without_ranges_a_cut_begins_anew(hub, where, content):
    hub.has_ranges = False
    hub.cuts = [3_000_017, 700_000]
    assert content_at(pull(hub, where).path) == content


def test_an_etag_that_changes_midway_does_not_mix_two_files(hub, where, content):
    hub.etags = ['"one"', '"two"', '"three"']
    assert content_at(pull(hub, where).path) == content


def test_requests_after_the_first_name_the_state_they_go_on_with(hub, where):
    hub.cuts = [100_000]
    pull(hub, where, connections=1)
    assert [bool(seen.if_match) for seen in hub.bodies] == [False, True, True, True]


@pytest.mark.parametrize("is_xet", [False, True])
def test_the_bytes_may_come_from_a_cdn_which_gets_no_token(hub, where, content, is_xet):
    hub.is_xet, hub.gated = is_xet, {REPO}
    cdn = hub.behind_cdn()
    assert content_at(pull(hub, where, token="hf_right").path) == content
    assert hub.bodies == []
    assert {seen.token for seen in hub.requests} == {"Bearer hf_right"}
    assert {seen.token for seen in cdn.requests} == {""}
    assert not [seen for seen in hub.requests if "xet" in seen.path]


def test_a_signed_address_that_has_expired_is_asked_for_anew(hub, where, content):
    cdn = hub.behind_cdn()
    cdn.statuses = [("GET", "/resolve/", 403, {})]
    assert content_at(pull(hub, where).path) == content


def test_a_signature_is_not_shown(hub, where):
    cdn = hub.behind_cdn()
    cdn.statuses = [("GET", "/resolve/", 403, {})] * 40
    with pytest.raises(LlmxError) as caught:
        pull(hub, where)
    assert "secret" not in caught.value.message + str(caught.value.hint)


def test_a_hub_that_is_not_there_is_an_error_in_one_line(hub, where):
    hub.close()
    with pytest.raises(CutError, match="cannot be reached"):
        pull(hub, where)
    hub.close = lambda: None


@pytest.mark.parametrize("kind", ["gated", "private"])
def test_a_closed_repository_opens_for_the_right_token(hub, where, content, kind):
    getattr(hub, kind).add(REPO)
    assert content_at(pull(hub, where, token="hf_right").path) == content


@pytest.mark.parametrize("token", ["", "hf_wrong"])
@pytest.mark.parametrize("kind", ["gated", "private"])
def test_a_closed_repository_asks_for_a_token(hub, where, kind, token):
    getattr(hub, kind).add(REPO)
    with pytest.raises(LlmxError) as caught:
        pull(hub, where, token=token)
    assert "HF_TOKEN" in str(caught.value.hint)
    assert "hf_wrong" not in caught.value.message


def test_too_little_room_is_told_before_a_byte_comes(hub, where, monkeypatch):
    found = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((*found[:3], 0, 0, *found[5:10])))
    with pytest.raises(LlmxError, match="MB free"):
        pull(hub, where)
    assert hub.bodies == []


def test_the_states_come_in_order_and_the_percents_only_rise(hub, where, content):
    events: list[Progress] = []
    pull(hub, where, report=events.append)
    states = list(dict.fromkeys(event.state for event in events))
    assert states[0] == "Starting"
    assert states[-2:] == ["Verifying", "Complete"]
    downloading = [event.done for event in events if event.state == "Downloading"]
    assert downloading == sorted(downloading)
    assert (events[-1].percent, events[-1].total) == (100.0, len(content))


def test_an_mlx_folder_comes_with_all_that_it_needs_each_file_checked(hub, where, content):
    files = {"model.safetensors": content, "config.json": b"{}", "tokenizer.json": b"{ }", "run.py": b"evil"}
    hub.repos["mlx-community/Tiny-4bit"] = files
    pulled = pull(hub, where, repo="mlx-community/Tiny-4bit")
    assert (pulled.backend, pulled.ref) == ("mlx", "hf:mlx-community/Tiny-4bit")
    assert sorted(name for name in os.listdir(pulled.path) if not name.endswith(".pulled.json")) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    hub.wrong_bytes = {"config.json": b"[]"}
    with pytest.raises(DigestError):
        pull(hub, where, repo="mlx-community/Tiny-4bit", force=True)


def test_another_revision_has_a_place_of_its_own(hub, where):
    first, second = pull(hub, where), pull(hub, where, revision="v2")
    assert first.path != second.path
    assert "@v2" in second.path
    with pytest.raises(NotFoundError, match="no revision"):
        pull(hub, where, revision="v3")


def test_all_parts_and_what_it_sees_with_come(hub, where, content):
    hub.repos[REPO] = {
        "m-Q4_K_M-00001-of-00002.gguf": content[:1000],
        "m-Q4_K_M-00002-of-00002.gguf": content[1000:],
        "mmproj-F16.gguf": b"eyes",
    }
    pulled = pull(hub, where)
    assert [os.path.basename(path) for path in pulled.files] == list(hub.repos[REPO])
    assert b"".join(content_at(path) for path in pulled.files) == content + b"eyes"


@pytest.mark.parametrize("name", ["../../evil.gguf", "/etc/evil.gguf", "a/../../../evil.gguf"])
def test_a_file_cannot_be_put_outside_of_its_folder(hub, where, name):
    hub.repos[REPO] = {name: b"evil"}
    with pytest.raises(WebError, match="outside"):
        pull(hub, where)
    assert not os.path.exists(where.own)
