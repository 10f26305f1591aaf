"""What shows that a result is as its run wrote it: the SHA-256 of each file in its record, and that of the record.

So a file that was changed after the run is told, instead of being taken for the run's.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ..errors import UsageError

RECORD = "record.json"
#: Key of a record that holds the SHA-256 of all the others.
OWN_HASH = "record_sha256"
#: Files that a run writes into its folder, besides its record.
WRITTEN = re.compile(
    r"tables/[a-z][a-z0-9_]*\.csv|iamc\.csv|explorer\.json|[a-z]+(-[^/]+)?\.toml|own/[^/]+/[^/]+\.(?i:csv|xlsx|toml)"
    r"|charts/\w+(\.alt)?\.(png|svg|pdf|csv|json|txt)"
)
AGAIN = "repeat the run with `minerals run`"


def refuse_changed(record: dict[str, Any], path: Path) -> None:
    """Raise UsageError where a record is not as its run wrote it."""
    if record.get(OWN_HASH) != own_hash(record):
        raise UsageError(f"{path} was changed after the run; {AGAIN}, changed where you want a change")


def own_hash(record: dict[str, Any]) -> str:
    """SHA-256 of a record without its own."""
    rest = {key: value for key, value in record.items() if key != OWN_HASH}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of the bytes of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
