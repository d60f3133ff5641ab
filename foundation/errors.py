"""The few kinds of failure the product tells apart, and the exit code each becomes.

Every error a user can meet says what is wrong and what to do about it. Messages never hold
the value of an identifying column: they name the file, line, column and rule instead.
"""

from __future__ import annotations


class OutturnError(Exception):
    """Something the user has to know. `message` says what is wrong, `mend` what to do."""

    exit_code = 4

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} What to do: {self.mend}" if self.mend else self.message


class Refused(OutturnError):
    """The input, or the gate's integrity, was not proved good: nothing was paid or published.

    on_record: whether the reason has been written down where `outturn doctor` finds it.
    """

    exit_code = 1
    on_record = False


class WrongUsage(OutturnError):
    """The call itself was off: an unknown agreement, a period that cannot be read."""

    exit_code = 2


class SystemFault(OutturnError):
    """The machine or the product failed (disk, lock, a check that raised); the data are not blamed."""

    exit_code = 4
