"""An event in words: a line of a log, or the labelled lines of a session's story."""

from typing import Final, NamedTuple

from schema import events, json_text
from schema.events import Erased, Event, Protocol
from service.agent.forked import OVERRIDES
from service.agent.parse import parse
from service.cli.recalls import graph_text, memory_text

SUMMARY_CHARACTERS_MAX: Final = 2000


class Line(NamedTuple):
    """What is said, and what it is."""

    label: str
    text: str
    style: str = ""


def told(event: Event, protocol: Protocol) -> list[Line]:
    """*event* as a part of its session's story; some say nothing there."""
    match event:
        case events.SessionStarted():
            return [Line("task", event.prompt, "bold")]
        case events.CompletionReceived():
            return _thought(event, protocol)
        case events.ToolCalled():
            return [Line("action", f"{event.tool} {_json(event.arguments)}", "cyan")]
        case events.ToolReturned():
            return [Line("observation", event.observation, "" if event.ok else "red")]
        case events.SessionCompleted():
            return [Line("answer", event.answer, "bold green")]
        case events.SessionForked():
            return [Line("forked", _forked(event), "yellow")]
        case Erased():
            return [Line("erased", f"the data of this {event.erased_type} was erased", "dim")]
        case _ if (line := _said_of(event)) is not None:
            return [line]
        case _:
            return []


def summary(event: Event) -> str:
    """What matters of *event* in one line, cut where it is long; `--json` has all of it."""
    text = " ".join(_gist(event).split())
    cut = len(text) > SUMMARY_CHARACTERS_MAX
    return text[:SUMMARY_CHARACTERS_MAX] + "…" if cut else text


def _gist(event: Event) -> str:
    match event:
        case Erased():
            return "(erased)"
        case events.CompletionReceived():
            parsed = parse(event.text)
            return event.text if event.calls or parsed.problem else parsed.thought or event.text
        case events.ToolReturned():
            return f"→ {event.observation}"
        case _ if lines := told(event, Protocol.TEXT):
            return lines[0].text
        case _:
            return json_text.encode(event)


def _thought(event: events.CompletionReceived, protocol: Protocol) -> list[Line]:
    """What the model thought; where it answered without a word more, that is the answer's line."""
    step = Line("step", str(event.step), "dim")
    if protocol is Protocol.NATIVE:
        text = event.text if event.calls or event.stop_reason != "end" else ""
    else:
        parsed = parse(event.text)
        text = event.text if parsed.problem else parsed.thought
    return [step, Line("thought", text.strip())] if text.strip() else [step]


def _said_of(event: Event) -> Line | None:
    match event:
        case events.CompletionFailed():
            return Line("no answer", f"{event.code}: {event.detail}", "red")
        case events.DeadlinePassed():
            return Line("deadline", f"{event.timeout_s:g} s were up", "red")
        case events.SessionPaused():
            return Line("paused", f"{event.cause}: {event.detail}", "yellow")
        case events.SessionResumed():
            return Line("resumed", event.reason, "yellow")
        case events.SessionFailed():
            return Line("failed", f"{event.cause}: {event.detail}", "red")
        case events.SessionCancelled():
            return Line("cancelled", event.reason, "red")
        case events.MemoryRecalled(call_id=None):  # A tool tells its own.
            return _recalled("recalled", memory_text(event))
        case events.GraphRecalled(call_id=None):
            return _recalled("known", graph_text(event))
        case events.CheckpointLabelled():
            return Line("checkpoint", f"{event.label} at version {event.at}", "dim")
        case _:
            return _on_the_way(event) or _on_control(event)


def _on_the_way(event: Event) -> Line | None:
    """What guards did beside the call or the answer."""
    match event:
        case events.FallbackChosen():
            return Line("fallback", f"{event.model} is asked from here on", "yellow")
        case events.AnswerWithheld():
            return Line("withheld", event.detail, "red")
        case _:
            return None


def _forked(event: events.SessionForked) -> str:
    """Whence, and with what that is other."""
    others = [name for name in OVERRIDES if getattr(event, name) is not None]
    named = f" with another {', '.join(others)}" if others else ""
    why = f": {event.reason}" if event.reason else ""
    return f"from session {event.parent} at version {event.at}{named}{why}"


def _on_control(event: Event) -> Line | None:
    match event:
        case events.PauseRequested():
            return Line("paused", event.reason or "somebody asked for it", "yellow")
        case events.ApprovalRequested():
            return Line("waits", f"for a word about {', '.join(event.call_ids)}", "yellow")
        case events.ApprovalDecided():
            return _word(event)
        case events.BudgetReached():
            said = f"{event.spent:.15g} of {event.most:.15g} {event.kind} are spent"
            return Line("paused", said, "yellow")
        case events.BudgetRaised():
            return _raised(event)
        case events.ToolReconciled():
            return Line("reconciled", f"{event.call_id} {_outcome(event)}", "yellow")
        case _:
            return None


def _word(event: events.ApprovalDecided) -> Line:
    said = "approved" if event.approved else "rejected"
    changed = "" if event.arguments is None else f", with {_json(event.arguments)}"
    reason = f": {event.reason}" if event.reason else ""
    style = "yellow" if event.approved else "red"
    return Line(said, f"{event.call_id}{changed}{reason}", style)


def _outcome(event: events.ToolReconciled) -> str:
    reason = f": {event.reason}" if event.reason else ""
    if event.outcome == "did_not_happen":
        return f"did not happen{reason}"
    return f"happened, and gave {_json(event.data)}{reason}"


def _raised(event: events.BudgetRaised) -> Line:
    named = {"tokens": event.tokens, "steps": event.steps, "seconds": event.seconds}
    said = ", ".join(f"{most:.15g} {kind}" for kind, most in named.items() if most is not None)
    return Line("may spend", f"{said}{': ' if event.reason else ''}{event.reason}", "yellow")


def _recalled(label: str, text: str) -> Line | None:
    return Line(label, text, "dim") if text else None


def _json(value: object) -> str:
    return json_text.encode(value)
