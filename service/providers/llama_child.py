"""The llama.cpp server in a process of its own: a script, run by `llama_server.py`, no module.

It reads one line of JSON from its standard input, starts, writes one line with its address, and
lives until that input ends. So it ends with its parent, however that one ends.
"""

import json
import os
import sys
from typing import Any, TextIO


def main() -> None:
    """Serve until the parent is gone."""
    report = _report_channel()
    settings = json.loads(sys.stdin.readline())
    server = _start(settings)
    report.write(json.dumps({"url": server.listening_address}) + "\n")
    report.flush()
    sys.stdin.read()
    os._exit(0)  # The server's own threads have nothing to save, and may not hold us up.


def _report_channel() -> TextIO:
    """Our standard output; whatever the server prints goes to the error output instead."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return report


def _start(settings: dict[str, Any]) -> Any:
    from xllamacpp import CommonParams, Server  # noqa: PLC0415 - the channel comes first.

    params = CommonParams()
    params.model.path = settings["file"]
    params.model_alias = {settings["name"]}
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = settings["context_tokens"]
    params.n_parallel = 1  # Two prompts in one batch would change each other's last digits.
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    params.sampling.seed = settings["seed"]
    params.sampling.temp = 0.0
    params.ui = False
    params.offline = True
    params.verbosity = 1
    return Server(params)


if __name__ == "__main__":
    main()
