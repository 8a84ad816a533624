from uuid import UUID

import pytest

from service.agent.tools import ToolContext


@pytest.fixture
def context() -> ToolContext:
    return ToolContext(
        idempotency_key=UUID(int=1),
        session_id=UUID(int=2),
        agent_id="a-1",
        call_id="1.0",
        timeout_s=5.0,
    )
