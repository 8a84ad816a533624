from service.projections.spans import Key, Span, Spans, spans_of

A: Key = (0, "memory-a", "a")
B: Key = (0, "memory-a", "b")


def test_each_change_ends_what_stood_there_before():
    assert spans_of([(A, 1, "x"), (B, 2, "y"), (A, 3, "z"), (B, 4, None), (B, 5, None)]) == Spans(
        ended={A: 1, B: 2},
        begun=[Span(A, 1, "x", valid_to=3), Span(B, 2, "y", valid_to=4), Span(A, 3, "z")],
    )


def test_a_removal_alone_ends_what_the_rows_have():
    assert spans_of([(A, 7, None), (A, 8, "x")]) == Spans[str]({A: 7}, [Span(A, 8, "x")])
