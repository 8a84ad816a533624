"""A story on the terminal."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from rich.console import Console

from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.events import Event
from service.cli.console import age, counted, one_line
from service.cli.story import LINES_MAX, Story, shortened


def recorded(event: Event) -> RecordedEvent:
    now = datetime.now(UTC)
    return RecordedEvent(
        0, 1, "a-1", "session-x", 1, uuid4(), event.type, 1, event, Metadata(actor="loop"), now
    )


def test_markup_in_what_a_model_says_is_shown_and_not_obeyed():
    out = StringIO()

    Story(Console(file=out, width=80)).tell(recorded(events.SessionCompleted(answer="[red]x[/]")))

    assert "[red]x[/]" in out.getvalue()


def test_off_a_terminal_no_line_is_folded_and_none_ends_in_blanks():
    out, words = StringIO(), "word " * 100

    Story(Console(file=out, width=20)).tell(
        recorded(events.SessionCompleted(answer=f"{words}\n\nend"))
    )

    assert out.getvalue() == f"answer       {words.rstrip()}\n\n             end\n"


def test_a_long_text_is_cut_and_says_so():
    shown = shortened("\n".join(map(str, range(LINES_MAX + 5))))

    assert shown.splitlines()[-1] == "… 5 more lines (see --json)"
    assert shortened("a\nb") == "a\nb"


def test_a_text_of_many_lines_fits_into_a_table():
    assert one_line("a\n\tb").plain == "a b"
    assert one_line(None).plain == "(erased)"


@pytest.mark.parametrize(("number", "said"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps")])
def test_only_one_is_told_in_the_singular(number: int, said: str):
    assert counted(number, "step") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s ago"), (200, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_an_age_is_told_in_the_unit_that_says_most(seconds: int, said: str):
    assert age(datetime.now(UTC) - timedelta(seconds=seconds)) == said
