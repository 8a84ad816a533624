"""`migrate`, `psql` and `doctor`: what an operator does with the database itself."""

import asyncio
import signal
from collections.abc import Sequence

from eventlog.diagnose import Finding, diagnose
from eventlog.migrate import migrate
from eventlog.psql import PsqlCommand, psql_command
from service.cli.console import out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_text
from service.config import Settings
from service.store import opened_database, wanted_partitions


async def migrate_database(settings: Settings, *, as_json: bool) -> Exit:
    """Bring tables and routines to what this program needs."""
    async with opened_database(settings) as database:
        applied = await migrate(database, partitions=wanted_partitions(settings))
    if as_json:
        print_json({"applied": applied})
    else:
        print_text(f"Applied: {', '.join(applied)}." if applied else "Nothing to apply.")
    return Exit.DONE


async def run_psql(settings: Settings, *, arguments: Sequence[str]) -> int:
    """`psql` on the database, as its owner; its exit code is ours."""
    async with opened_database(settings) as database:
        return await _run(psql_command(database, arguments))


async def tell_findings(settings: Settings, *, as_json: bool) -> Exit:
    """What is wrong with the database, and what to do about it."""
    url = settings.database_url
    found = await diagnose(None if url is None else url.get_secret_value(), settings.home)
    for finding in found:
        if as_json:
            print_json({"ok": finding.ok, "what": finding.what, "mend": finding.mend})
        else:
            _print(finding)
    return Exit.DONE if all(finding.ok for finding in found) else Exit.FAILED


async def _run(command: PsqlCommand) -> int:
    # Ctrl-C is for psql, which shares our terminal: it cancels a query and goes on. A handler that
    # does nothing is not inherited; ignoring the signal would be.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        process = await asyncio.create_subprocess_exec(*command.argv, env=command.environment)
        return await process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _print(finding: Finding) -> None:
    console = out()
    console.print(
        plain("ok    " if finding.ok else "wrong ", "green" if finding.ok else "red"), end=""
    )
    console.print(plain(finding.what), soft_wrap=True)
    if finding.mend:
        console.print(plain(f"      {finding.mend}", "bold"), soft_wrap=True)
