"""What was typed after `run`."""

from pathlib import Path

import pytest

from schema.errors import Invalid
from schema.messages.sessions import StartSession
from service.agent.tools import builtin_tools
from service.cli.asking import FILE_TOOLS, HTTP_TOOLS, start_session


def asked(
    *tools: str, iterations: int = 3, files_root: Path | None = None, allow_http: bool = False
) -> StartSession:
    return start_session(
        agent="a-1",
        prompt="x",
        model="scripted:x",
        tools=tools,
        system_prompt=None,
        max_iterations=iterations,
        files_root=files_root,
        allow_http=allow_http,
        no_memory=False,
    )


def test_tools_are_named_one_by_one_or_with_commas(tmp_path: Path):
    command = asked("now, calculator", "read_file", ",", files_root=tmp_path)

    assert command.tools == ("now", "calculator", "read_file")
    assert command.limits.max_iterations == 3
    assert command.system_prompt == "You are a helpful AI agent."


@pytest.mark.parametrize(
    ("tool", "option"), [("list_files", "--files-root FOLDER"), ("http_get", "--allow-http")]
)
def test_a_tool_that_an_option_must_allow_names_that_option(tool: str, option: str):
    with pytest.raises(Invalid, match=f"{tool} wants {option}"):
        asked("calculator", tool)


def test_the_tools_that_want_an_option_are_those_that_it_brings(tmp_path: Path):
    plain = {tool.spec.name for tool in builtin_tools(None, allow_http=False)}
    all_of_them = {tool.spec.name for tool in builtin_tools(tmp_path, allow_http=True)}

    assert all_of_them - plain == {*FILE_TOOLS, *HTTP_TOOLS}


@pytest.mark.parametrize("iterations", [0, 1001])
def test_a_limit_is_refused_in_the_words_of_its_option(iterations: int):
    with pytest.raises(Invalid) as refused:
        asked(iterations=iterations)

    assert str(refused.value) == "--max-iterations: 1 to 1000"


def test_what_was_not_typed_is_left_to_the_agents_definition():
    command = start_session(
        agent="a-1",
        prompt="x",
        model=None,
        tools=None,
        system_prompt=None,
        max_iterations=None,
        files_root=None,
        allow_http=False,
        no_memory=False,
    )
    assert command.model_fields_set <= {"agent", "prompt", "model"}
    assert command.model is None


def test_a_session_may_be_begun_without_memory():
    command = start_session(
        agent="a-1",
        prompt="x",
        model="scripted:x",
        tools=None,
        system_prompt=None,
        max_iterations=None,
        files_root=None,
        allow_http=False,
        no_memory=True,
    )
    assert command.memory is None
