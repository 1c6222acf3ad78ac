"""`kubesim serve`: serve a simulated cluster's API to a real kubectl."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_ISCHR

from kubesim.cluster import AGE
from kubesim.command import REGISTRIES, fail
from kubesim.command.prompt import open_session, prompt

_ABOUT = (
    "Open the API of a simulated cluster over HTTPS, for a real kubectl. Each request takes a tenth of a second of the "
    "cluster's time; what is typed at the prompt, such as sleep 60, takes its own."
)


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = _ABOUT
    # the option may stand before `serve`, too: keep the parent parser's value
    command.add_argument("--registries", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=REGISTRIES)
    command.add_argument("--realtime", action="store_true", help="let the wall clock move the cluster's time")
    help_ = "where to write it (default: a temporary folder)"
    command.add_argument("--kubeconfig", type=Path, metavar="FILE", help=help_)
    command.add_argument("--port", type=_port, default=0, metavar="N", help="default: a free one")
    help_ = "another address than loopback lets every machine that reaches it try the token"
    command.add_argument("--address", default="127.0.0.1", help=help_)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Serve until the end of the input, Ctrl+C or SIGTERM.

    At a terminal there is a prompt; lines from a pipe are run.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that `finally` removes the kubeconfig
    # kubectl measures the age of events by the wall clock, so the cluster's clock starts there.
    boot = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=AGE)
    try:
        session = open_session(boot, options.registries)
        served = session.serve(
            options.kubeconfig, address=options.address, port=options.port, realtime=options.realtime
        )
    except (OSError, OverflowError) as error:
        return fail(f"cannot serve: {error}")
    except ValueError as error:
        return fail(str(error))
    except ImportError as error:
        return fail(f"serve needs the package {error.name}: pip install 'kubesim[serve]'")
    print(f"kubesim: a simulated cluster at {served.url}")
    print(served, flush=True)  # the line that exports KUBECONFIG, its `repr`
    try:
        if not _is_empty_device(sys.stdin.fileno()):
            return prompt(session)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        return 0
    finally:
        served.close()


def _is_empty_device(descriptor: int) -> bool:
    """True if a descriptor is /dev/null, as for a service in the background. A prompt on it would end at once."""
    return S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)
