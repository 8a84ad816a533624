"""The rules of a circuit, without anybody who calls."""

from hypothesis import given
from hypothesis import strategies as st

from service.orchestrator.circuit import (
    Circuit,
    Rules,
    State,
    failed,
    probed,
    released,
    renewed,
    succeeded,
)

RULES = Rules(threshold=3, recovery_window_s=30.0)
CIRCUITS = st.builds(
    Circuit,
    state=st.sampled_from(State),
    failures=st.integers(0, 5),
    generation=st.integers(1, 5),
    until_s=st.floats(0, 100),
)
TIMES = st.floats(0, 100)


@given(CIRCUITS, TIMES)
def test_who_began_before_the_last_move_moves_nothing(circuit: Circuit, now_s: float):
    earlier = circuit.generation - 1

    assert succeeded(circuit, earlier) is circuit
    assert failed(circuit, earlier, now_s, RULES) is circuit
    assert released(circuit, earlier) is circuit
    assert renewed(circuit, earlier, now_s, RULES) is circuit


@given(CIRCUITS, TIMES)
def test_a_change_of_state_is_a_generation_of_its_own(circuit: Circuit, now_s: float):
    now = circuit.generation
    for after in (
        succeeded(circuit, now),
        failed(circuit, now, now_s, RULES),
        released(circuit, now),
        probed(circuit, now_s, RULES),
    ):
        if after.state is not circuit.state:
            assert after.generation == now + 1


@given(CIRCUITS, TIMES)
def test_after_a_probe_has_gone_none_follows_until_its_lease_is_over(
    circuit: Circuit, now_s: float
):
    probing = probed(circuit, now_s, RULES)

    if probing is not circuit:
        assert probing.state is State.HALF_OPEN
        assert not probing.admits(now_s + RULES.probe_lease_s - 0.01)
        assert probing.admits(now_s + RULES.probe_lease_s)
        assert renewed(probing, probing.generation, now_s + 1, RULES).admits(now_s + 15) is False
