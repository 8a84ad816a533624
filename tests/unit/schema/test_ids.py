"""Ids and stream names."""

from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import ids
from schema.errors import Invalid

agent_ids = st.from_regex(ids.AGENT_ID, fullmatch=True)


@given(agent_ids, st.integers(1, ids.PARTITIONS_MAX))
def test_a_session_id_alone_finds_the_partition_of_its_agent(agent: str, partitions: int):
    session = ids.new_session_id(agent)
    assert ids.partition_of_session(session, partitions) == ids.partition_of(agent, partitions)


def test_the_hash_of_an_agent_never_changes():
    assert [ids.h12(agent) for agent in ("default", "a", "research-bot")] == [3668, 481, 4076]


def test_ids_are_version_7_and_sort_by_the_time_they_were_made():
    first, second = ids.uuid7(), ids.uuid7()
    assert (first.version, first.variant) == (7, RFC_4122)
    assert first.int >> 80 <= second.int >> 80


@given(agent_ids)
def test_a_session_is_found_again_by_the_name_of_its_stream(agent: str):
    session = ids.new_session_id(agent)
    assert ids.session_of(ids.session_stream(session)) == session


@pytest.mark.parametrize("name", ["memory-a", "session-", "session-x", ""])
def test_other_names_are_no_sessions(name: str):
    with pytest.raises(Invalid, match="stream"):
        ids.session_of(name)


@pytest.mark.parametrize("agent", ["", "A", "-a", "a b", "a" * 65, "ä", "a\n"])
def test_what_is_no_agent_id_is_refused_with_the_rule(agent: str):
    with pytest.raises(Invalid, match="use 1 to 64"):
        ids.checked_agent_id(agent)
