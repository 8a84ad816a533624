"""The stages that prompts and answers may pass: ours, and those that an operator named.

A definition names stages of these alone: who may define an agent can't have code of their choice
imported. A name is a built-in one, or the last part of an import path in the settings.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Final

from schema.errors import Invalid
from service.orchestrator.pipeline import Pipeline, Stage, StageFn
from service.printable import printable

PATH: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""`package.module:function`."""

MASKED: Final = "[masked]"
_SECRET: Final = re.compile(
    # Each part is bounded: what somebody made up for it takes no longer than other text.
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----)){0,16384}"
    r"-----END [A-Z ]{0,30}PRIVATE KEY-----"
    r"|\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,32}[-_]){0,6}[A-Za-z0-9]{16,}"
    r"|\bgh[opsur]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{22,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bxox[abpr]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
    r"|(?<=[Bb]earer )[\w.~+/-]{16,}=*"
)
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def mask_secrets(text: str) -> str:
    """*text* without what looks like a key, a token or a private key."""
    return _SECRET.sub(MASKED, text)


def mask_emails(text: str) -> str:
    """*text* without addresses of e-mail."""
    return _EMAIL.sub(MASKED, text)


BUILT_IN: Final[Mapping[str, StageFn]] = MappingProxyType(
    {
        "trim": str.strip,
        "printable": printable,
        "mask_secrets": mask_secrets,
        "mask_emails": mask_emails,
    }
)


class Stages:
    """Every stage of this process by its name, and which of them each text passes."""

    def __init__(
        self,
        known: Mapping[str, Stage] | None = None,
        *,
        prompt: tuple[str, ...] = (),
        answer: tuple[str, ...] = (),
    ) -> None:
        """*prompt* and *answer* name the stages of all sessions; a definition adds its own."""
        built_in = {name: Stage(name=name, run=run) for name, run in BUILT_IN.items()}
        self._known = {**built_in, **(known or {})}
        self._prompt = prompt
        self._answer = answer
        self.pipeline("prompt_stages", prompt)
        self.pipeline("answer_stages", answer)

    def of_prompt(self, defined: Iterable[str]) -> tuple[str, ...]:
        """The names of what a prompt passes, where its agent's definition says *defined*."""
        return tuple(dict.fromkeys((*self._prompt, *defined)))

    def of_answer(self, defined: Iterable[str]) -> tuple[str, ...]:
        """The same of an answer."""
        return tuple(dict.fromkeys((*self._answer, *defined)))

    def pipeline(self, field: str, names: Iterable[str]) -> Pipeline:
        """The stages *names*; `Invalid` for *field* where one of them is not known here."""
        names = tuple(names)
        if unknown := [name for name in names if name not in self._known]:
            there_are = ", ".join(sorted(self._known))
            raise Invalid(field, f"there is no stage {unknown[0]!r} here (there are: {there_are})")
        return Pipeline(self._known[name] for name in names)


def read_stages(
    paths: Iterable[str], *, prompt: tuple[str, ...] = (), answer: tuple[str, ...] = ()
) -> Stages:
    """The stages at *paths* beside ours; `Invalid` where there is no such function."""
    known: dict[str, Stage] = {}
    for path in paths:
        name = path.partition(":")[2]
        if name in known or name in BUILT_IN:
            raise Invalid("stages", f"{path}: there is a stage {name!r} already")
        known[name] = _stage(name, path)
    return Stages(known, prompt=prompt, answer=answer)


def _stage(name: str, path: str) -> Stage:
    run = _found(path)
    return Stage(name=name, run=run, in_thread=not iscoroutinefunction(run))


def _found(path: str) -> Callable[[str], str]:
    if PATH.fullmatch(path) is None:
        raise Invalid("stages", f"{path!r} is not written as package.module:function")
    module, _, name = path.partition(":")
    try:
        run = getattr(import_module(module), name, None)
    except ImportError as error:
        raise Invalid("stages", f"{path}: {error}") from None
    if not callable(run):
        raise Invalid("stages", f"{path}: {module} has no function {name!r}")
    return run  # type: ignore[no-any-return]
