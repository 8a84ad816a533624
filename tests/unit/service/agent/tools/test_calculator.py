from service.agent.tools import ToolContext, ToolRegistry
from service.agent.tools.calculator import calculator


async def test_its_examples_are_true():
    for example in calculator.spec.examples:
        assert await calculator.function(**example.arguments) == example.result


async def test_a_model_may_write_the_bare_expression(context: ToolContext):
    observed = await ToolRegistry([calculator]).call("calculator", "17*23", context)
    assert observed.observation == '{"ok":true,"data":391}'


async def test_integers_of_any_size_stay_exact(context: ToolContext):
    observed = await ToolRegistry([calculator]).call("calculator", "2**200 + 1", context)
    assert observed.observation == f'{{"ok":true,"data":{2**200 + 1}}}'
