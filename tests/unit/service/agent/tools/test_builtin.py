from pathlib import Path

import jsonschema
import pytest

from schema.errors import Invalid
from schema.events import Effect
from service.agent.tools import ToolRegistry, builtin_tools


def names(files_root: Path | None, *, allow_http: bool) -> list[str]:
    return [tool.spec.name for tool in builtin_tools(files_root, allow_http=allow_http)]


def test_nothing_reaches_outside_unless_allowed(tmp_path: Path):
    assert names(None, allow_http=False) == ["calculator", "now"]
    files = ["read_file", "list_files", "search_files"]
    assert names(tmp_path, allow_http=True) == ["calculator", "now", *files, "http_get"]


def test_a_folder_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path):
    with pytest.raises(Invalid):
        builtin_tools(tmp_path / "missing", allow_http=False)


def test_every_tool_is_told_to_the_model_with_examples_that_fit_its_schema(tmp_path: Path):
    for tool in ToolRegistry(builtin_tools(tmp_path, allow_http=True)):
        assert tool.spec.effect is Effect.PURE
        assert len(tool.spec.examples) == 2
        for example in tool.spec.examples:
            jsonschema.validate(example.arguments, tool.spec.parameters)
