"""Whether what is asked for is recalled: the shipped conversations, on the whole way."""

import json
from pathlib import Path

import pytest

from eventlog.database import Database
from schema.errors import Invalid
from service.bench.retrieval.asking import memory_of, share_of, tallies
from service.bench.retrieval.presets import DEFAULT, PRESETS
from service.bench.retrieval.shapes import Conversation, Question, Turn
from service.bench.retrieval.talk import generated
from service.bench.run import run
from service.config import Settings
from tests.conftest import TestServer


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_the_default_finds_more_of_the_evidence_than_either_leg_and_the_seeds_policies(
    database: Database,
):
    async with memory_of(database, Settings(embedder="offline")) as listener:
        told = await tallies(listener, generated(3), PRESETS, lambda _done: None)

    recall = {preset: tally.recall(10) for preset, tally in told.items()}
    ours = recall.pop(DEFAULT)
    assert ours >= 0.70
    assert ours > max(recall.values()) + 0.02
    assert max(recall["importance"], recall["hybrid"]) < 0.1


def test_evidence_counts_by_what_was_said():
    turns = tuple(Turn(text=text) for text in ("Hi.", "Hi.", "The door is red."))
    asked = Question(text="?", evidence=(1, 2))
    conversation = Conversation(turns=turns, questions=(asked,))

    assert share_of(asked, conversation, ["Hi."]) == 0.5
    assert share_of(asked, conversation, ["The door is red.", "Hi."]) == 1
    assert share_of(asked, conversation, []) == 0


def test_a_set_from_elsewhere_is_asked_and_told_preset_by_preset(
    postgres: TestServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = {
        "conversation": [{"id": "a", "speaker": "Ana", "text": "The door is red."}, "Hello there."],
        "question": "Which colour has the door?",
        "evidence": ["a"],
    }
    file = tmp_path / "doors.jsonl"
    file.write_text(json.dumps(line), encoding="utf-8")
    settings = Settings.model_validate(
        {"database_url": postgres.url("postgres"), "home": tmp_path, "embedder": "hashing"}
    )

    assert run([], as_json=True, settings=settings, set_file=file) == 0

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[0] == "{"]
    assert [one["params"]["preset"] for one in told] == list(PRESETS)
    assert {one["params"]["set"] for one in told} == {"doors.jsonl"}
    assert all({"recall@5", "recall@10", "recall@20"} <= one["also"].keys() for one in told)
    assert told[0]["value"] == 1


def test_a_set_is_for_the_one_bench_that_asks_it(tmp_path: Path):
    with pytest.raises(Invalid, match="retrieval"):
        run(["append"], as_json=True, settings=Settings(), set_file=tmp_path / "x.jsonl")
