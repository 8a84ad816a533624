"""The tree of errors."""

from collections.abc import Iterator

from schema import errors


def tree(kind: type[errors.AgentRuntimeError]) -> Iterator[type[errors.AgentRuntimeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


def test_the_drawn_tree_names_every_error_once():
    drawn = [word for word in (errors.__doc__ or "").split() if hasattr(errors, word)]
    assert sorted(drawn) == sorted({kind.__name__ for kind in tree(errors.AgentRuntimeError)})


def test_every_error_has_a_sentence_and_a_code_of_its_own():
    kinds = list(tree(errors.AgentRuntimeError))
    assert all(kind.__doc__ for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_only_what_the_world_did_may_be_tried_again():
    retryable = {kind for kind in tree(errors.AgentRuntimeError) if kind.retryable}
    assert retryable == set(tree(errors.Unavailable))
