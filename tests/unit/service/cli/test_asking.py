"""What was typed after `run`."""

from service.cli.asking import start_session


def test_tools_are_named_one_by_one_or_with_commas():
    command = start_session(
        agent="a-1",
        prompt="x",
        model="scripted:x",
        tools=["now, calculator", "read_file", ","],
        system_prompt=None,
        max_iterations=3,
    )

    assert command.tools == ("now", "calculator", "read_file")
    assert command.limits.max_iterations == 3
    assert command.system_prompt == "You are a helpful AI agent."
