"""Sets of conversations and questions, in the shapes that people write them down."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Invalid
from service.bench.retrieval.sets import RetrievalSet, read_set
from service.bench.retrieval.turns import moment, turns_of

ASKED = {"question": "What is red?", "evidence": ["d1"]}
TURN = {"dia_id": "d1", "speaker": "Ana", "text": "The door is red."}


def read(tmp_path: Path, *lines: Any) -> RetrievalSet:
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return read_set(file)


def only(tmp_path: Path, *lines: Any) -> tuple[list[str], list[tuple[int, ...]]]:
    """What is remembered of the one conversation in *lines*, and the evidence of each question."""
    (conversation,) = read(tmp_path, *lines).conversations
    return [t.content for t in conversation.turns], [q.evidence for q in conversation.questions]


@pytest.mark.parametrize(
    ("conversation", "contents"),
    [
        (["Hello.", "The door is red."], ["Hello.", "The door is red."]),
        ([{"text": "Hello."}, TURN], ["Hello.", "Ana: The door is red."]),
        ([{"role": "user", "content": "Hello."}], ["user: Hello."]),
        ([{"id": 7, "utterance": "Hello.", "name": "Bo"}], ["Bo: Hello."]),
        ([["Hello."], ["The door is red."]], ["Hello.", "The door is red."]),
        ({"session_2": ["b"], "session_10": ["c"], "session_1": ["a"], "x": 1}, ["a", "b", "c"]),
        ([{"session_id": "s", "turns": ["a", "b"]}], ["a", "b"]),
    ],
)
def test_a_conversation_may_be_written_in_many_ways(conversation: Any, contents: list[str]):
    assert [turn.content for turn in turns_of(conversation, "x")] == contents


def test_sessions_are_told_apart():
    nested = turns_of([["a", "b"], ["c"]], "x")
    named = turns_of({"session_1": ["a"], "session_2": ["b"]}, "x")
    said = turns_of([{"text": "a", "session": 3}, {"text": "b"}], "x")
    listed = turns_of([{"session_id": "s", "messages": ["a"]}], "x")

    assert [turn.session for turn in nested] == ["1", "1", "2"]
    assert [turn.session for turn in named] == ["session_1", "session_2"]
    assert [turn.session for turn in said] == ["3", None]
    assert [turn.session for turn in listed] == ["s"]


def test_a_session_says_when_its_turns_were():
    (turn,) = turns_of({"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": ["a"]}, "x")

    assert turn.timestamp == datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-05-08", datetime(2023, 5, 8, tzinfo=UTC)),
        ("2023-05-08T13:56:00Z", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        ("2023/05/08 (Mon) 13:56", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        (1683554160, datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        (1683554160000, datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        ("some day", None),
        (float("nan"), None),
        (1e300, None),
        (True, None),
    ],
)
def test_a_time_that_cannot_be_read_is_none(written: Any, read: datetime | None):
    assert moment(written) == read


@pytest.mark.parametrize(
    ("evidence", "places"),
    [
        (["d1"], (1,)),
        ("d1", (1,)),
        (1, (1,)),
        (["1"], (1,)),
        (["d0; d1"], (0, 1)),
        (["The door is red."], (1,)),
        (["Ana: The door is red."], (1,)),
        ("door is red", (1,)),
        ([{"dia_id": "d1"}], (1,)),
        ([["d1"], ["d0", "d1"]], (1, 0)),
    ],
)
def test_evidence_is_an_id_a_place_or_a_text(
    tmp_path: Path, evidence: Any, places: tuple[int, ...]
):
    conversation = [{"id": "d0", "text": "Hello."}, TURN]
    line = {"conversation": conversation, "question": "?", "evidence": evidence}

    assert only(tmp_path, line)[1] == [places]


def test_equal_conversations_are_one(tmp_path: Path):
    one = {"conversation": [TURN], **ASKED}

    assert only(tmp_path, one, {**one, "question": "And?"})[1] == [(0,), (0,)]


def test_a_conversation_may_have_a_line_of_its_own_before_or_after(tmp_path: Path):
    its_own, asked = {"conversation": "c1", "turns": [TURN]}, {"conversation": "c1", **ASKED}

    assert only(tmp_path, asked, its_own, asked) == (["Ana: The door is red."], [(0,), (0,)])


def test_questions_may_stand_in_a_list_beside_their_conversation(tmp_path: Path):
    assert only(tmp_path, {"sample_id": "c", "conversation": {"session_1": [TURN]}, "qa": [ASKED]})


def test_a_set_may_be_one_json_array(tmp_path: Path):
    file = tmp_path / "set.json"
    file.write_text(json.dumps([{"conversation": [TURN], **ASKED}]), encoding="utf-8")

    assert read_set(file).questions == 1


def test_a_question_without_evidence_is_left_out_and_counted(tmp_path: Path):
    the_set = read(
        tmp_path,
        {"conversation": [TURN], **ASKED},
        {"conversation": [TURN], "question": "?", "evidence": []},
    )

    assert (the_set.questions, the_set.unasked) == (1, 1)


def test_a_little_evidence_that_names_no_turn_is_left_out_and_told(tmp_path: Path):
    asked = [{**ASKED, "evidence": ["d1", "d9"] if n == 0 else ["d1"]} for n in range(30)]
    the_set = read(tmp_path, {"conversation": [TURN], "questions": asked})

    assert the_set.questions == 30
    assert list(the_set.left_out) == [
        ("evidence 'd9', which names no turn", "line 1: questions[0]: evidence")
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["no object"], "line 1: is no JSON object"),
        ([{"conversation": [TURN]}, {"question": "?"}], "line 2: conversation: is missing"),
        ([{"conversation": "c", **ASKED}], "line 1: conversation: no line has the turns of 'c'"),
        ([{"conversation": [3], **ASKED}], r"line 1: conversation\[0\]: is neither"),
        ([{"conversation": [], **ASKED}], "line 1: conversation: has no turns"),
        ([{"conversation": [" "], **ASKED}], r"line 1: conversation\[0\]: says nothing"),
        ([{"conversation": {"a": 1}, **ASKED}], "line 1: conversation: has none of text"),
        ([{"conversation": [TURN], "question": 3, "evidence": 0}], "line 1: question: is no text"),
        ([{"conversation": [TURN], "question": "?"}], "line 1: evidence: is neither an id"),
        ([{"conversation": [TURN], "question": "?", "evidence": ["d7", 9]}], "'d7' names no turn"),
        ([{"conversation": [TURN], "qa": "x"}], "line 1: qa: is no list"),
        ([{"conversation": [TURN], "qa": ["x"]}], r"line 1: qa\[0\]: is no JSON object"),
        ([{"conversation": "c", "turns": ["a"]}] * 2, "line 2: turns: there is a conversation 'c'"),
        ([{"conversation": "c", "turns": ["a"]}], "set: has no question"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line_and_field(
    tmp_path: Path, lines: list[Any], said: str
):
    with pytest.raises(Invalid, match=said):
        read(tmp_path, *lines)


def test_broken_json_and_a_missing_file_are_refused(tmp_path: Path):
    file = tmp_path / "set.jsonl"
    with pytest.raises(Invalid, match="No such file"):
        read_set(file)
    file.write_text('{"a": 1}\n{"b"', encoding="utf-8")
    with pytest.raises(Invalid, match="line 2: is no JSON"):
        read_set(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_is_a_conversation_or_refused(value: Any):
    with suppress(Invalid):
        assert all(turn.content.strip() for turn in turns_of(value, "line 1: conversation"))
