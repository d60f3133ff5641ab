"""The one resource every asset takes: the home, locked for as long as the run lasts."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from foundation.durable import sweep
from foundation.failpoints import refuse_outside_demo
from foundation.home import Home, open_home
from orchestration.intaking import dismiss_crews
from orchestration.lock import home_lock


class HomeResource(dg.ConfigurableResource[Any]):
    """Gives assets their `Home`. In a process that runs a job it also holds the home's lock, so that a run
    started from Dagster's pages and one started from the command line cannot meet."""

    root: str = ""
    _stack: ExitStack = PrivateAttr(default_factory=ExitStack)

    @property
    def home(self) -> Home:
        return open_home(self.root or None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        refuse_outside_demo(self.home.root)
        self.home.require_private_vault()
        if self._stack.enter_context(home_lock(self.home)):
            sweep(self.home.root)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        # No process goes on writing once the lock is given back.
        dismiss_crews()
        self._stack.close()
