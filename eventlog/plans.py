"""How the planner is held to the indexes on connections whose statements must never go astray."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BY_INDEX: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "enable_material": "off",
    }
)
"""Session settings. A plan is made once, often while the tables are still empty: by its estimates
reading a whole table looks cheap then, and stays so until statistics are gathered."""
