"""Whatever fits the OpenAPI document, and whatever does not, is answered as the document says."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema

from service.api.routes import ROUTES
from tests.serving import Api

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

EXAMPLES_MAX: Final = 4
"""Of each kind (good ones, bad ones) for each route."""
STREAMED: Final = {route.path for route in ROUTES if route.streamed}
"""They have no end that one could wait for; see test_streams."""
UNTOLD: Final = ["2xx", "304", "400", "401", "403", "404", "409", "422", "429", "5xx"]
"""What fits the schema may still be refused: that a cursor is ours, or a number is no label,
JSON Schema can't say."""


@pytest.fixture
def partitions() -> int:
    return 1


async def test_every_answer_is_as_the_document_says(api: Api):
    headers = await api.key("admin")
    faults = await asyncio.to_thread(lambda: [*found(api.address, headers)])
    assert not faults, "\n\n".join(faults)
    assert (await api.send("GET", "/readyz")).status_code == 200


def found(address: str, headers: dict[str, str]) -> Iterator[str]:
    """What is wrong, and the request that shows it."""
    checks = {
        "positive_data_acceptance": {"expected-statuses": UNTOLD},
        "negative_data_rejection": {"expected-statuses": ["4xx"]},  # 414 is one, too.
    }
    config = schemathesis.Config.from_dict({"checks": checks})
    document = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    for operation in operations(document):
        for mode in schemathesis.GenerationMode:
            seen: list[str] = []
            try:
                see(operation, mode, headers, seen)
            except Unsatisfiable:
                assert mode.is_negative, operation.label  # It takes nothing that could be wrong.
            except FailureGroup as fault:
                yield f"{operation.label}: {fault.exceptions}\n{seen[-1]}"


def operations(document: BaseSchema) -> Iterator[Operation]:
    for one in document.get_all_operations():
        assert isinstance(one, Ok), one
        operation = one.ok()
        if operation.path not in STREAMED:
            yield operation


def see(
    operation: Operation,
    mode: schemathesis.GenerationMode,
    headers: dict[str, str],
    seen: list[str],
) -> None:
    @given(operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def is_as_the_document_says(case: Case[Any]) -> None:
        response = case.call(headers=headers)
        sent = response.request
        seen.append(f"{sent.url:.300} {sent.body!r:.300}\n{response.status_code} {response.text}")
        case.validate_response(response)

    is_as_the_document_says()
