"""What every command line of the house has in common: exit codes, and how a failure is said.

Exit codes (docs/reference/commands.md): 0 done; 1 refused, with reasons; 2 wrong usage; 3 done, but with
warnings, quarantined records or a withheld KPI; 4 system error.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import NoReturn

from foundation.errors import OutturnError, SystemFault
from orchestration.progress import console

DONE, REFUSED, WRONG_USAGE, WITH_FINDINGS, SYSTEM_ERROR = 0, 1, 2, 3, 4

warnings.filterwarnings("ignore", message=".*currently in (beta|preview).*")


def _quiet_environment() -> None:
    """Nothing we start may call home or draw its own progress."""
    for name, value in {
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "GX_ANALYTICS_ENABLED": "False",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }.items():
        os.environ.setdefault(name, value)


def _end(error: OutturnError) -> NoReturn:
    word = {REFUSED: "refused", WRONG_USAGE: "usage"}.get(error.exit_code, "error")
    console(error=True).print(f"{word}: {error.message}", markup=False)
    if error.mend:
        console(error=True).print(f"What to do: {error.mend}", markup=False)
    raise SystemExit(error.exit_code)


def run_app(app: Callable[[], object]) -> None:
    """Run a command line: our own errors become a line, a mend and an exit code; anything else is a system error."""
    _quiet_environment()
    try:
        app()
    except OutturnError as error:
        _end(error)
    except KeyboardInterrupt:
        console(error=True).print("stopped. Nothing half-done counts: run the same command again.")
        raise SystemExit(130) from None
    except OSError as error:
        _end(
            SystemFault(
                f"{error.strerror or error} ({error.filename})", "check disk space and permissions, then try again."
            )
        )
    except Exception as error:
        if os.environ.get("OUTTURN_TRACEBACK"):
            raise
        _end(
            SystemFault(
                f"an unexpected {type(error).__name__} stopped the command.",
                "set OUTTURN_TRACEBACK=1 and run it again to see where; nothing half-done was published.",
            )
        )
