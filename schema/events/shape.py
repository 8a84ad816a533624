"""What values inside events are."""

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A value inside an event; a field equal to its default is not stored."""
