"""Every look-up of recall goes by an index that fits, also while the planner knows nothing yet."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest

from eventlog.database import Dedicated
from eventlog.routines import shipped_routines

VARIABLES: Final = {
    "int": "p_partition p_most c_words c_kin",
    "bigint": "p_version",
    "text": "p_stream p_space p_words",
    "boolean": "p_any_tag",
    "float8": "p_importance p_half_life_hours",
    "timestamptz": "p_at p_since p_until",
    "real[]": "p_vector",
    "public.vector": "v_vector",
    "bigint[]": "p_allowed v_near",
    "float8[]": "v_distances",
    "text[]": "p_kinds p_tags",
}
TYPES: Final = {name: type_ for type_, names in VARIABLES.items() for name in names.split()}
VARIABLE: Final = re.compile(rf"\b({'|'.join(TYPES)})\b")
RETURNED: Final = re.compile(r"return(?: query)?\s+(\(?\s*(?:select|with)\b.*?);", re.DOTALL)
SETTING: Final = re.compile(r"^  set (\w+) = (.+)$", re.MULTILINE)
FITTING: Final = {
    "corpora": {"corpora_pkey"},
    "episodes": {"episodes_by_entry", "episodes_by_session"},
    "facts": {"facts_by_entry"},
    "postings": {"postings_pkey"},
    "recall_counts": {"recall_counts_pkey"},
    "vectors": {"vectors_pkey", "vectors_live", "vectors_gone"},
}


@pytest.fixture
async def owner(postgres: Any) -> AsyncIterator[Dedicated]:
    async with postgres.database(1) as database:
        conn = await database.connect_as_owner()
        yield conn
        await conn.close()


async def plans(conn: Dedicated, routine: str) -> list[dict[str, Any]]:
    """The plans of what *routine* returns, under its own settings, for any arguments."""
    (text,) = (shipped.text for shipped in shipped_routines() if shipped.name == routine)
    for name, value in SETTING.findall(text):
        await conn.execute(f"set {name} = {value}")
    return [await _plan(conn, sql) for sql in RETURNED.findall(text)]


async def _plan(conn: Dedicated, sql: str) -> dict[str, Any]:
    numbered = VARIABLE.sub(lambda found: f"${list(TYPES).index(found[0]) + 1}", sql)
    if numbered.startswith("("):
        numbered = f"select {numbered}"
    await conn.execute(f"prepare asked ({', '.join(TYPES.values())}) as {numbered}")
    explained = await conn.fetchval(
        f"explain (format json) execute asked ({', '.join('null' for _ in TYPES)})"
    )
    await conn.execute("deallocate asked")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("routine", ["near", "recall"])
async def test_rows_are_looked_up_by_a_key_that_is_the_streams_own(owner: Dedicated, routine: str):
    found = await plans(owner, routine)
    scans = [node for plan in found for node in nodes(plan) if "Relation Name" in node]

    assert found
    assert scans
    for scan in scans:
        assert scan["Node Type"] in ("Index Scan", "Index Only Scan"), scan
        assert scan["Index Name"] in FITTING[scan["Relation Name"]], scan
        assert {"partition", "stream"} <= set(re.findall(r"\w+", scan["Index Cond"])), scan


async def test_words_are_counted_without_a_look_at_the_rows(owner: Dedicated):
    (plan,) = await plans(owner, "recall")

    scans = [node for node in nodes(plan) if node.get("Relation Name") == "postings"]
    assert [scan["Node Type"] for scan in scans] == ["Index Only Scan"] * 2
    assert all("lexeme" in scan["Index Cond"] for scan in scans)


async def test_what_is_live_is_read_apart_from_what_is_gone(owner: Dedicated):
    now, earlier, allowed = await plans(owner, "near")

    assert _indexes(now) == ["vectors_live"]
    assert _indexes(earlier) == ["vectors_live", "vectors_gone"]
    assert _indexes(allowed) == ["vectors_pkey"]


async def test_entries_are_looked_up_one_by_one(owner: Dedicated):
    (plan,) = await plans(owner, "recall")

    for node in nodes(plan):
        if node.get("Index Name", "").endswith("_by_entry"):
            assert "entry" in node["Index Cond"], node


@pytest.mark.parametrize("routine", ["near", "recall", "allowed"])
async def test_nothing_is_read_whole(owner: Dedicated, routine: str):
    for plan in await plans(owner, routine):
        assert "Seq Scan" not in {node["Node Type"] for node in nodes(plan)}


def _indexes(plan: dict[str, Any]) -> list[str]:
    return [node["Index Name"] for node in nodes(plan) if "Index Name" in node]
