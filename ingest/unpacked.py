"""How large a thing may become when it is unpacked.

Belongs here: the limits that a zip archive and a workbook, which is one, have in common. Not here: unpacking.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence

from ingest.read import FileRejectedError
from ingest.rules import finding

# tables pack 5 to 30 times smaller; what packs better than this holds nothing worth sending
MOST_TIMES = 100
BLOCK = 1 << 16
TOO_LARGE = finding(
    "container.too_large",
    f"What is packed is larger than the contract allows, or more than {MOST_TIMES} times its packed size.",
)


def refuse_sizes(members: Sequence[zipfile.ZipInfo], cap: int) -> None:
    """FileRejectedError when the sizes an archive states exceed `cap` bytes in all, or `MOST_TIMES` the packed."""
    if sum(member.file_size for member in members) > cap:
        raise FileRejectedError(TOO_LARGE)
    for member in members:
        if member.file_size > max(BLOCK, member.compress_size * MOST_TIMES):
            raise FileRejectedError(TOO_LARGE)
