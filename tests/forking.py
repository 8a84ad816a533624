"""Commands as processes that cost no start: forked from one that has imported the program already.

Each has its own environment, output and exit code, as if it had been started anew. Only what
importing does is not seen this way: for that, `CommandLine.started` and its like start Python.
"""

import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from service.cli import main

ROOT: Final = Path(__file__).parent.parent
REQUEST_BYTES_MAX: Final = 1 << 20


def forked(
    arguments: Sequence[str], environment: Mapping[str, str], *, timeout_s: float
) -> tuple[int, str, str]:
    """Exit code, output and errors of the command; TimeoutError, and its death, if it's slow."""
    with (
        tempfile.TemporaryFile("w+", newline="") as out,
        tempfile.TemporaryFile("w+", newline="") as err,
    ):
        read, write = os.pipe()
        with os.fdopen(read) as told:
            request = {
                "arguments": list(arguments),
                "environment": dict(environment),
                "folder": str(Path.cwd()),
            }
            try:
                files = [out.fileno(), err.fileno(), write]
                socket.send_fds(_mother()[0], [json.dumps(request).encode()], files)
            finally:
                os.close(write)
            code = _code(told, timeout_s)
        for file in (out, err):
            file.seek(0)
        return code, out.read(), err.read()


def _code(told: IO[str], timeout_s: float) -> int:
    pid = int(told.readline())
    if not select.select([told], [], [], timeout_s)[0]:
        os.kill(pid, signal.SIGKILL)
        raise TimeoutError(f"the command took longer than {timeout_s:g} s")
    return int(told.readline())


@cache
def _mother() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """The process that forks; it ends with ours, when nobody holds the other end any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
        cwd=ROOT,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    return ours, process


# ---- the process that forks ------------------------------------------------------------------


def serve(asked: socket.socket) -> None:
    """Fork for each request until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for who minds one.
    _import_all()
    while True:
        request, files, *_ = socket.recv_fds(asked, REQUEST_BYTES_MAX, 3)
        if not request:
            break
        if os.fork() == 0:
            asked.close()
            _mind(json.loads(request), *files)
        for file in files:
            os.close(file)


def _import_all() -> None:
    """Import what commands import when they're called, but for what few of them need."""
    for package in ("schema", "eventlog", "service"):
        path = [str(ROOT / package)]
        for module in pkgutil.walk_packages(path, f"{package}."):
            if not module.name.startswith(("service.bench", "schema.migrations")):
                importlib.import_module(module.name)


def _mind(request: dict[str, Any], out: int, err: int, told: int) -> None:
    """Fork the command, tell its number, then its exit code, and be gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _become(request, out, err)
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], out: int, err: int) -> None:
    """Be the command; what it leaves with is the exit code of this process."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["agent-runtime", *request["arguments"]]
    code: object = 1
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at a program's end.
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
