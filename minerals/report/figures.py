"""The charts of a result folder as they stand in it: picture, words, numbers."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from ..charts import CHARTS
from ..errors import UsageError
from ..numbers import number
from ..results.result import Result
from .markup import Markup, Number, element, table
from .svg import Inline

#: Columns whose cells are codes of the run.
CODED = {"scenario": "scenario", "compared_with": "scenario", "base": "scenario", "mineral": "mineral",
         "segment": "segment", "chemistry": "chemistry", "country": "country", "node": "node"}  # fmt: skip
#: Columns of numbers that are names.
NAMES = {"year", "since", "first", "data_year"}
#: Rows of a table that a page shows; the file has all.
MOST_ROWS = 200


class Figure(NamedTuple):
    """A chart of a folder. place: its number on the page; file: its name in the folder, which may say options; name: of
    the chart; meta: its JSON; alt, csv, svg: the texts and bytes beside it."""

    place: int
    file: str
    name: str
    meta: dict[str, Any]
    alt: str
    csv: bytes
    svg: bytes

    @property
    def title(self) -> str:
        return str(self.meta["title"])

    @property
    def subtitle(self) -> str:
        return str(self.meta["subtitle"])

    @property
    def computed(self) -> bool:
        """Whether the title is a finding of the model, and the chart the one that the run itself draws."""
        return self.meta["title_by"] == "computed" and self.file == self.name

    def markup(self, result: Result) -> Markup:
        """The chart with what it says for those who cannot see it, its source, and the table behind it."""
        drawing = Markup(Inline(self.svg, f"f{self.place}-", f"{self.file}.svg").markup(self.title, self.alt))
        address = f"data:text/csv;charset=utf-8;base64,{b64encode(self.csv).decode()}"
        link = element("a", f"Download {self.file}.csv", href=address, download=f"{self.file}.csv")
        rows, more = self._rows(result)
        left = f"The first {MOST_ROWS} of {MOST_ROWS + more} rows; the file has all. " if more else ""
        behind = element(
            "details",
            element("summary", f"Figure {self.place}: the numbers and the description"),
            element("p", self.alt, class_="note"), element("p", left, link, class_="note"), rows,
        )  # fmt: skip
        return element(
            "figure",
            # The title stands in the drawing, for all who see it.
            element("h3", f"Figure {self.place}", element("span", f". {self.title}", class_="unseen")),
            # A drawing that is wider than a narrow screen scrolls, also with the keyboard.
            element("div", drawing, class_="drawing", tabindex="0", role="region", aria_label=f"Figure {self.place}"),
            element("figcaption", behind), id=f"figure-{self.place}",
        )  # fmt: skip

    def _rows(self, result: Result) -> tuple[Markup, int]:
        """The table behind the chart, with labels for codes, and how many rows it leaves out."""
        head, *rows = csv.reader(StringIO(self.csv.decode("utf-8-sig")))
        codes = {**result.record["codes"], "scenario": result.record["scenarios"]}
        codes["node"] = result.record.get("exposure", {}).get("nodes", {})

        def cell(column: str, text: str) -> str | Number:
            if column in CODED:
                entry = codes.get(CODED[column], {}).get(text)
                return str(entry["label"]) if entry else text
            try:
                return text if column in NAMES else Number(number(float(text)))
            except ValueError:
                return text

        keep = [place for place, _ in enumerate(head) if any(row[place] for row in rows)] or [0]
        shown = [[cell(head[place], row[place]) for place in keep] for row in rows[:MOST_ROWS]]
        shown = [[first.text if isinstance(first, Number) else first, *rest] for first, *rest in shown]
        heads = [head[place].replace("_", " ") for place in keep]
        return table(heads, shown, f"Numbers of figure {self.place}", hidden=True), max(len(rows) - MOST_ROWS, 0)


def figures(folder: Path) -> list[Figure]:
    """Charts of a result folder, in the order in which the charts are listed, those with options behind their own.
    Raises UsageError where one cannot be read."""
    place, known = folder / "charts", list(CHARTS)
    found = []
    for path in sorted(place.glob("*.json")):
        file = path.stem
        name = next((each for each in known if file == each or file.startswith(f"{each}-")), None)
        if name is None:
            continue
        try:
            meta = json.loads(path.read_text(encoding="utf-8"))
            alt = (place / f"{file}.alt.txt").read_text(encoding="utf-8").strip()
            found.append(
                (file, name, meta, alt, (place / f"{file}.csv").read_bytes(), (place / f"{file}.svg").read_bytes())
            )
            missing = [key for key in ("title", "subtitle", "title_by") if key not in meta]
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path} and what belongs to it cannot be read ({error}); draw it again") from None
        if missing:
            raise UsageError(f"{path} says no {missing[0]}; draw it again with minerals chart")
    found.sort(key=lambda each: (known.index(each[1]), each[0]))
    return [Figure(number, *each) for number, each in enumerate(found, 1)]
