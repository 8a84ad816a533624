"""The ways to rank that are compared."""

from typing import Final

from msgspec import Struct

from schema.messages.memory import RecallSettings

DEFAULT: Final = "relevance"


class Preset(Struct, frozen=True):
    """How is ranked; with *part*, what has nothing of that does not count as found."""

    settings: RecallSettings
    part: str | None = None


PRESETS: Final = {
    DEFAULT: Preset(RecallSettings()),
    "words only": Preset(RecallSettings(lexical_weight=1, neighbour_weight=0), "words"),
    "vectors only": Preset(RecallSettings(lexical_weight=0, neighbour_weight=0), "meaning"),
    "importance": Preset(RecallSettings(policy="importance")),
    "hybrid": Preset(RecallSettings(policy="hybrid", recency_weight=0.5, frequency_weight=0.5)),
}
"""What every agent has unless it is defined otherwise, its two legs alone, and the seed's two.

Relevance goes by meaning alone where no words fit: a leg's part shuts the other out.
"""
