"""`agent-runtime serve`: the service in the foreground."""

from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.config import Settings
from service.logs import configure_logs
from service.serve import serve


async def serve_until_stopped(
    settings: Settings, *, host: str | None, port: int | None, as_json: bool
) -> Exit:
    """Serve until SIGTERM or Ctrl-C; that is the way to stop it, so it counts as done."""
    typed = {"host": host, "port": port}
    given = {name: value for name, value in typed.items() if value is not None}
    configure_logs(settings.log_level, settings.log_format)

    def tell(address: str) -> None:
        if as_json:
            print_json({"listening": address})
        else:
            print_note(f"Listening on {address}; Ctrl-C stops it.")

    await serve(settings.model_copy(update=given), tell)
    return Exit.DONE
