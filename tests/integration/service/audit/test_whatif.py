"""What-if: another model over what was recorded; nothing of it is written anywhere."""

from eventlog.database import Database
from schema.events import Effect
from schema.messages.memory import MemorySettings, RememberEpisode
from schema.messages.whatif import AskWhatIf
from service.audit.backtest import retry_recalls
from service.audit.whatif import what_if
from service.mind.writing import Author
from service.runtime import Runtime
from service.sessions import read_session
from tests.auditing import Script, answers, calls, runtime_of, session

SUM = calls("calculator", '{"expression": "17*23", "x": 1}')
SAME = calls("calculator", '{"x": 1, "expression": "17*23"}')
OTHER = calls("calculator", '{"expression": "1+1"}')
TEA = calls("remember", '{"content": "Ana likes tea."}')


async def events_in(runtime: Runtime) -> int:
    async with runtime.log.database.acquire() as conn:
        return int(await conn.fetchval("select count(*) from eventlog.events where type <> 'x'"))


async def test_tools_answer_from_the_record_however_their_arguments_were_spelt(
    database: Database,
):
    other = Script([SAME, TEA, answers("about 400")])
    async with runtime_of(database, x=Script([SUM, TEA, answers("391")]), y=other) as runtime:
        first = await session(runtime)
        before = await read_session(runtime.log, first)
        held = (await runtime.memory.holdings("ada")).touched

        tried = await what_if(runtime, first, AskWhatIf(model="fake:y"))

        parts = tried.comparison.parts_at
        assert (tried.missed, tried.asked, tried.ran) == (None, 3, 0)
        assert (tried.comparison.left.answer, tried.comparison.right.answer) == (
            "391",
            "about 400",
        )
        assert parts is not None
        assert (parts.step, parts.differs) == (1, ("thought",)) or parts.step == 1
        assert await read_session(runtime.log, first) == before
        assert (await runtime.memory.holdings("ada")).touched == held


async def test_a_call_without_an_answer_stops_it_unless_its_class_may_run(database: Database):
    script = Script([OTHER, OTHER, answers("2")])
    async with runtime_of(database, x=Script([SUM, answers("391")]), y=script) as runtime:
        first = await session(runtime)

        missed = await what_if(runtime, first, AskWhatIf(model="fake:y"))
        live = AskWhatIf(model="fake:y", live=frozenset({Effect.PURE}))
        ran = await what_if(runtime, first, live)

        assert missed.missed is not None
        assert missed.missed.arguments == {"expression": "1+1"}
        assert (ran.missed, ran.ran, ran.comparison.right.answer) == (None, 1, "2")


async def test_settings_of_memory_are_tried_on_recorded_questions_without_a_model(
    database: Database,
):
    model = Script([answers("tea")])
    async with runtime_of(database, x=model) as runtime:
        for content in ("Ana likes tea.", "Ana likes coffee."):
            await runtime.memory.remember(
                "ada", RememberEpisode(content=content), Author(actor="test")
            )
        facts = await read_session(runtime.log, await session(runtime, prompt="Ana likes tea?"))
        await runtime.memory.remember(
            "ada", RememberEpisode(content="Ana likes tea?"), Author(actor="test")
        )

        (same,) = await retry_recalls(runtime.memory, facts, MemorySettings())
        (fewer,) = await retry_recalls(runtime.memory, facts, MemorySettings(max_memory_recalls=1))

        assert not same.changed
        assert (len(fewer.before), [item.content for item in fewer.after]) == (
            2,
            ["Ana likes tea."],
        )
        assert len(model.asked) == 1
