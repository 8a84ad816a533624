"""The text protocol, read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import json_text
from service.agent.parse import Action, parse, render

EXPRESSION = {"expression": "17 * 23"}


@pytest.mark.parametrize(
    "text",
    [
        'Action: calculator {"expression": "17 * 23"}',
        'Action: calculator[{"expression": "17 * 23"}]',
        'Action: calculator({"expression": "17 * 23"})',
        'Action: calculator: {"expression": "17 * 23"}',
        'Action: calculator\nAction Input: {"expression": "17 * 23"}',
        'ACTION :  calculator {"expression": "17 * 23"}',
        'action: calculator {\n  "expression":\n    "17 * 23"\n}\n',
        'Action: calculator\n\naction input : {"expression":\n "17 * 23"}',
        '**Action:** `calculator` {"expression": "17 * 23"}',
        'Action: calculator\nAction Input: ```json\n{"expression": "17 * 23"}\n```',
        'Action 1: calculator {"expression": "17 * 23"} and so on',
        'Action:\ncalculator {"expression": "17 * 23"}',
    ],
)
def test_every_spelling_of_an_action_is_the_same_action(text: str):
    assert parse(f"Thought: I compute.\n{text}").action == Action("calculator", EXPRESSION)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("calculator: 17 * 23", "17 * 23"),
        ("calculator 17 * 23", "17 * 23"),
        ("calculator(17 * (20 + 3))", "17 * (20 + 3)"),
        ("calculator[17 * 23]", "17 * 23"),
        ('calculator {"expression": 17 * 23}', '{"expression": 17 * 23}'),
        ('calculator["17"]', "17"),
        ("calculator[1, 2]", [1, 2]),
        ("calculator[[1, 2]]", [1, 2]),
        ("calculator: line one\nline two", "line one\nline two"),
        ("calculator", {}),
        ("calculator()", {}),
        ("calculator[]", {}),
        ('calculator {"a": NaN}', '{"a": NaN}'),
        ('calculator {"a": 1e999}', '{"a": 1e999}'),
        ('calculator {"a": "x\nObservation: y"}', {"a": "x\nObservation: y"}),
    ],
)
def test_arguments_are_json_where_they_can_be_and_text_elsewhere(text: str, arguments: object):
    assert parse(f"Action: {text}").action == Action("calculator", arguments)


@pytest.mark.parametrize(
    "text",
    [
        "FINAL_ANSWER: 391",
        "final_answer : 391\n",
        "Final Answer: 391",
        "I know. FINAL_ANSWER: 391",
        "Action: FINAL_ANSWER 391",
        "Action: FINAL_ANSWER: 391",
        "**Final Answer:** 391",
        "FINAL_ANSWER: 391\nObservation: 5",
        "FINAL_ANSWER: 391\nObservation: 5\nThought: and now?",
    ],
)
def test_every_spelling_of_an_answer_is_the_same_answer(text: str):
    parsed = parse(text)
    assert (parsed.answer, parsed.action) == ("391", None)


@pytest.mark.parametrize(
    "answer",
    [
        "one\n\ntwo",
        "steps are\nAction: do it\nend",
        "391\nThought: and now?",
        "a\nThought: b\nAction: c\nAction Input: d\nFINAL_ANSWER: e",
    ],
)
@pytest.mark.parametrize("label", ["FINAL_ANSWER:", "Action: FINAL_ANSWER:"])
def test_an_answer_may_have_many_lines_whatever_they_begin_with(label: str, answer: str):
    assert parse(f"Thought: x\n{label} {answer}").answer == answer


def test_the_first_action_counts_and_the_rest_was_never_said():
    text = "Thought: a\nAction: f {}\nObservation: 1\nThought: b\nAction: g {}\nFINAL_ANSWER: 2"
    parsed = parse(text)
    assert (parsed.action, parsed.thought) == (Action("f", {}), "a")
    assert text[: parsed.counted] == "Thought: a\nAction: f {}"


def test_thoughts_need_no_label_and_add_up():
    assert (
        parse(" Let me see.\nThought: a\nb\nThought: c\nAction: f").thought
        == "Let me see.\na\nb\nc"
    )


def test_a_word_that_only_begins_like_a_label_is_none():
    assert parse("Actionable: x\nActions: y").action is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Nothing was written"),
        (" \n", "Nothing was written"),
        ("The answer is 391.", "No line begins with"),
        ("Observation: 5\nFINAL_ANSWER: 3", "Nothing was written"),
        ("Action:", "names no tool"),
        ("Action: \nThought: x", "names no tool"),
        ("FINAL_ANSWER:", "without an answer"),
        ("FINAL_ANSWER:\nThought: x", "without an answer"),
    ],
)
def test_what_cannot_be_read_is_said_to_the_model(text: str, words: str):
    parsed = parse(text)
    assert parsed.problem is not None
    assert words in parsed.problem


@pytest.mark.parametrize(
    ("text", "open_ended"),
    [
        ("Action: f {}", False),
        ("Action: f(1)", False),
        ("Action: f: abc", True),
        ("Action: f", True),
        ("Action: f: abc\nThought: x", False),
        ("FINAL_ANSWER: 39", True),
        ("FINAL_ANSWER: 391\nThought: x", True),
        ("FINAL_ANSWER: 391\nObservation: x", False),
        ("Thought: I", True),
    ],
)
def test_what_a_cut_may_have_shortened_is_open_ended(text: str, open_ended: bool):
    assert parse(text).open_ended is open_ended


LABELS = ["Thought:", "Action:", "Action Input:", "Observation:", "FINAL_ANSWER:", "final answer :"]
PIECES = [*LABELS, "\n", " ", "f", "{", "}", "[", "]", "(", ")", '"', ":", "1", "```json", "\ud800"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_no_text_is_too_strange(text: str):
    parsed = parse(text)
    said = [parsed.action, parsed.answer, parsed.problem]
    assert sum(part is not None for part in said) == 1
    assert 0 <= parsed.counted <= len(text)
    if parsed.action is not None:
        json_text.encode({"arguments": parsed.action.arguments})


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_what_counted_reads_the_same_alone(text: str):
    parsed = parse(text)
    alone = parse(text[: parsed.counted])
    assert (alone.action, alone.answer) == (parsed.action, parsed.answer)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
THOUGHTS = st.text("abc xyz.,", min_size=1).map(str.strip)


TOOLS = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)


@given(THOUGHTS, TOOLS, st.dictionaries(st.text(), JSON))
def test_a_rendered_action_comes_back(thought: str, tool: str, arguments: dict[str, object]):
    parsed = parse(render(thought, Action(tool, arguments)))
    assert (parsed.thought, parsed.action) == (thought, Action(tool, arguments))


REPEATED = [*PIECES, "[[", '{"a":', "Action: f ", "\nAction: f(", "* ", "Thought: \n"]


@pytest.mark.parametrize("piece", REPEATED)
def test_reading_takes_linear_time(piece: str):
    text = "Action: f " + piece * (200_000 // len(piece))
    begun_s = time.perf_counter()
    parse(text)
    parse(text[len("Action: f ") :])
    assert time.perf_counter() - begun_s < 5
