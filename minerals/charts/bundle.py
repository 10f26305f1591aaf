"""A drawn chart and what belongs to it, and the files it becomes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minerals.results.csv_files import as_csv
from minerals.text import without_unprintable

from ..haste import frozen

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from ..columns import Columns

SUFFIXES = (".png", ".svg", ".pdf", ".csv", ".json", ".alt.txt")


class Result(Protocol):
    """What a chart draws from: the record of a run, and its tables by name."""

    @property
    def record(self) -> Mapping[str, Any]:
        """Run, scenarios, regions, code lists and versions, as in record.json."""

    @property
    def tables(self) -> Mapping[str, DataFrame]:
        """Tidy tables by name."""

    def __getitem__(self, table: str, /) -> DataFrame:
        """A tidy table, as in tables/<table>.csv."""

    def columns(self, name: str, /) -> Columns:
        """The same as columns of plain cells, for which no frame is made. Raises KeyError."""


@frozen
class Meta:
    """What is said about a chart. It becomes the chart's JSON, where `csv_sha256` joins it.

    title_by: 'computed' where the title is a finding of the model, 'subject' where it says what is drawn, as nothing is
    found, 'user' where somebody wrote it; sources: key, citation, url and licence of each; scenarios: the drawn ones as
    the record has them, the base first; options: the choices the chart was drawn with.
    """

    name: str
    title: str
    title_by: str
    subtitle: str
    unit: str
    red_line: str
    note: str
    source: str
    run_line: str
    alt: str
    run: str
    run_id: str
    versions: Mapping[str, str]
    scenarios: Mapping[str, Any]
    sources: list[dict[str, str]]
    options: Mapping[str, Any] = field(default_factory=dict)


class Bundle(NamedTuple):
    """figure: for the eye; data: exactly the numbers drawn, long, with units; meta: what is said about them."""

    figure: Figure
    data: DataFrame
    meta: Meta

    def write(self, folder: str | Path) -> list[Path]:
        """Write the six files into `folder` (made if missing) and return their paths.

        All of them are rendered and on the disk before the first takes its name, so that a failure leaves the folder
        as it was. The same bundle gives the same bytes.
        """
        return write_files(self.contents(), Path(folder))

    def _repr_png_(self) -> bytes:
        """The picture a notebook shows."""
        return _rendered(self.figure, "png", _shown(self.meta.title), _shown(self.meta.alt))

    @property
    def lacking(self) -> str:
        """Letters of the figure that no installed font has, each once: they are drawn as boxes."""
        from minerals.charts import fonts

        return fonts.lacking("".join(text.get_text() for text in self.figure.texts))

    def contents(self) -> dict[str, bytes]:
        """File name -> bytes of each file of the bundle.

        No file holds a character that cannot be shown, and no text of the table reads as a formula.
        """
        texts = {str(name): column.map(_cell) for name, column in self.data.items() if column.dtype.kind not in "biuf"}
        table = as_csv(self.data.assign(**texts), digits=10)
        meta = _shown(asdict(self.meta)) | {"csv_sha256": hashlib.sha256(table).hexdigest()}
        title, alt = meta["title"], meta.pop("alt")
        written = json.dumps(meta, ensure_ascii=False, indent=2).encode() + b"\n"
        files = (*rendered(self.figure, title, alt), table, written, f"{alt}\n".encode())
        return {self.meta.name + suffix: content for suffix, content in zip(SUFFIXES, files, strict=True)}


def _shown(value: Any) -> Any:
    """A value of the metadata whose texts, at any depth, hold only what can be shown."""
    if isinstance(value, str):
        return without_unprintable(value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(part) for key, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list | tuple) else value


def _cell(value: Any) -> Any:
    """A cell of a table, without characters that cannot be shown."""
    return without_unprintable(value) if isinstance(value, str) else value


def write_files(contents: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the contents of a bundle, by file name, into `folder` as `Bundle.write` does, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".charts-") as partial:
        for file, content in contents.items():
            (Path(partial) / file).write_bytes(content)
        for file in contents:
            os.replace(Path(partial) / file, folder / file)
    return [folder / file for file in contents]


def rendered(figure: Figure, title: str = "", alt: str = "") -> list[bytes]:
    """The figure as PNG, SVG and PDF."""
    from minerals.charts import style

    with style.context():
        return [_rendered(figure, form, title, alt) for form in ("png", "svg", "pdf")]


def _rendered(figure: Figure, form: str, title: str, alt: str) -> bytes:
    """The figure in one format, without dates or program versions."""
    import matplotlib
    import numpy as np

    from minerals.charts import fonts, style
    from minerals.charts.pdf import kept_cuts
    from minerals.charts.png import png

    metadata: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None, "Title": title, "Description": alt},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title, "Subject": alt},
    }
    buffer = BytesIO()
    with style.context(), matplotlib.rc_context():
        if form == "png":
            figure.savefig(buffer, format="rgba", dpi=style.DPI)
            # As matplotlib counts whole pixels: a height may fall a rounding error short of one.
            width = int(figure.get_size_inches()[0] * style.DPI)
            pixels = np.frombuffer(buffer.getbuffer(), np.uint8).reshape(-1, width, 4)
            return png(pixels[..., :3], style.DPI, {"Title": title, "Description": alt})
        if any(text.get_fontfamily()[-1] not in fonts.families() for text in figure.texts):
            # A stand-in may have outlines that a PDF only takes one by one.
            matplotlib.rcParams["pdf.fonttype"] = matplotlib.rcParams["ps.fonttype"] = 3
        with kept_cuts():
            figure.savefig(buffer, format=form, dpi=style.DPI, metadata=metadata[form])
    return buffer.getvalue()
