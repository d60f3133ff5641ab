"""Dagster's event log on SQLite, with its databases kept open for the length of a run.

Dagster's own storage makes a new database engine for every event: it compiles the same statements anew, opens the
file, and folds the write-ahead log back when it closes it. A run of ours has a thousand events. Nor does each event
wait for the disk: what a killed process has written is there, and what a power cut takes are the last events of a run
that the cut ended anyway. Nothing we prove or pay rests on an event. Otherwise the same files, each event in a
transaction of its own. Named in dagster.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

from foundation.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

# The index of all runs, the run itself, events of no run, and one to spare.
_KEPT = 4


def _without_waiting(connection: Any, _: Any) -> None:
    """The write-ahead log alone decides what was committed; the disk is waited for where it is folded back."""
    connection.execute("pragma synchronous = normal")


class KeptEventLog(SqliteEventLogStorage):
    """SqliteEventLogStorage with one engine a database instead of one an event.

    base_dir: Dagster's folder of the home; the files lie where Dagster puts them by default.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(str(Path(base_dir) / "history" / "runs"), inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptEventLog:
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                # Threads take turns under the storage's lock; one connection a database is all there ever is.
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _without_waiting)
        self._engines[shard] = engine
        # Every run has a database of its own: the pages, which look at all of them, must not hold all of them.
        while len(self._engines) > _KEPT:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            path = Path(self.path_for_shard(shard))
            with engine.connect() as connection, connection.begin():
                yield connection
                failpoint(path, "event", "written")
            failpoint(path, "event", "committed")

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()
