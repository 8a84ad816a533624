"""The tree of errors; what only the door over HTTP and its client raise hangs on it, undrawn."""

from collections.abc import Iterator

from schema import errors


def tree(kind: type[errors.AgentRuntimeError]) -> Iterator[type[errors.AgentRuntimeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


CORE = {kind for kind in tree(errors.AgentRuntimeError) if kind.__module__ == errors.__name__}


def test_the_drawn_tree_names_every_error_once():
    drawn = [word for word in (errors.__doc__ or "").split() if hasattr(errors, word)]
    assert sorted(drawn) == sorted({kind.__name__ for kind in CORE})


def test_every_error_has_a_sentence_and_a_code_of_its_own():
    assert all(kind.__doc__ for kind in CORE)
    assert len({kind.code for kind in CORE}) == len(CORE)


def test_only_what_the_world_did_may_be_tried_again():
    retryable = {kind for kind in CORE if kind.retryable}
    assert retryable == set(tree(errors.Unavailable))
