"""The shapes that `--json` writes: the same as the API's."""

from service.api.shapes import event_message, session_message, usage_message

__all__ = ["event_message", "session_message", "usage_message"]
