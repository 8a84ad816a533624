"""Answers are kept while they fit, those that were asked for last."""

from service.graph.results import OVERHEAD_BYTES, Key, Results


def key(question: bytes, version: int = 1) -> Key:
    return ("graph-a", version, 0, question)


def test_an_answer_is_kept_under_its_question_version_and_erasure():
    results = Results()
    results.put(key(b"q"), b"1")
    assert results.get(key(b"q")) == b"1"
    assert results.get(key(b"q", version=2)) is None
    assert results.get(("graph-a", 1, 1, b"q")) is None


def test_what_was_not_asked_for_longest_goes_first_and_the_bytes_add_up():
    results = Results(bytes_max=2 * (OVERHEAD_BYTES + len("graph-a") + 1 + 100))
    results.put(key(b"1"), b"x" * 100)
    results.put(key(b"2"), b"x" * 100)
    assert results.get(key(b"1"))
    results.put(key(b"3"), b"x" * 100)
    assert results.get(key(b"2")) is None
    assert results.get(key(b"1"))
    results.put(key(b"1"), b"")
    assert results.bytes == 2 * (OVERHEAD_BYTES + len("graph-a") + 1) + 100


def test_an_answer_that_does_not_fit_is_not_kept():
    results = Results(bytes_max=1000)
    results.put(key(b"1"), b"x" * 2000)
    assert (len(results), results.bytes) == (0, 0)
