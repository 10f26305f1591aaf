"""What a study begins from, as bytes that another machine can begin from.

It is pickled, and with it travel the files that it names by their path: the tables of folders of inputs, and the
production lines of run files. So a worker needs none of the user's folders.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

from ..config import Run
from ..errors import InputError
from ..tables.schema import DESCRIPTOR


def packed(found: Any) -> tuple[bytes, str]:
    """Anything with the files that it names, and the SHA-256 of these bytes. Raises OSError, and InputError where a run
    file names lines that lie elsewhere than below its own folder."""
    stream = io.BytesIO()
    packer = _Packer(stream)
    packer.dump(found)
    content = pickle.dumps((packer.folders, stream.getvalue()))
    return content, hashlib.sha256(content).hexdigest()


def unpacked(content: bytes, folder: Path) -> Any:
    """What `packed` gave, whose files are put into a folder."""
    folders, found = pickle.loads(content)
    for name, files in folders.items():
        (folder / name).mkdir()
        for file, text in files.items():
            place = folder / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
    unpacker = pickle.Unpickler(io.BytesIO(found))
    unpacker.persistent_load = lambda at: folder.joinpath(*at)  # type: ignore[method-assign]
    return unpacker.load()


class _Packer(pickle.Pickler):
    """Pickles paths of inputs, and of run files that name a file beside them, as paths of folders that travel too."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=5)
        self.folders: dict[str, dict[str, bytes]] = {}
        self._known: dict[Path, tuple[str, ...]] = {}

    def persistent_id(self, found: Any) -> tuple[str, ...] | None:
        if isinstance(found, Run):
            flows = found.settings.flows
            if flows is not None and flows.lines and found.path not in self._known:
                if Path(flows.lines).is_absolute() or ".." in Path(flows.lines).parts:
                    why = "lies not below the folder of the run file, as it must where others compute; move it there"
                    raise InputError([found.problem(("flows", "lines"), f"lines = {flows.lines!r}", why)])
                lines = {flows.lines: found.path.parent / flows.lines}
                self._known[found.path] = (self._folder(lines), found.path.name)
        elif isinstance(found, Path):
            if found not in self._known and (found / DESCRIPTOR).is_file():
                tables = {file.name: file for file in [found / DESCRIPTOR, *sorted(found.glob("*.csv"))]}
                self._known[found] = (self._folder(tables),)
            return self._known.get(found)
        return None

    def _folder(self, files: dict[str, Path]) -> str:
        """Name of a new folder with the content of files."""
        name = str(len(self.folders))
        self.folders[name] = {name: file.read_bytes() for name, file in files.items()}
        return name
