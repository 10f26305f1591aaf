"""The explorer of a page: controls for other market shares, and what its script computes them from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..case.explorer import FORM
from ..charts import wording
from ..errors import UsageError, listed
from ..exposure.bases import NOTHING
from ..pipeline import EXPLORER
from ..results.hashes import AGAIN
from ..results.result import Result
from ..text import MARK
from .markup import Markup, element

#: What of the configuration a mix that is explored does not have.
LEFT_OUT = ("optimise", "study", "output")


def file_of(result: Result, folder: Path) -> dict[str, Any] | None:
    """Data of the explorer of a result folder; None where no scenario of the run can be explored, or where the run was
    made before there was any. Raises UsageError where it was changed after the run."""
    mark = result.record["files"].get(EXPLORER)
    if mark is None:
        return None
    try:
        content = (folder / EXPLORER).read_bytes()
    except OSError as error:
        raise UsageError(f"{folder / EXPLORER} cannot be read ({error.strerror}); {AGAIN}") from None
    if hashlib.sha256(content).hexdigest() != mark:
        raise UsageError(f"{folder / EXPLORER} was changed after the run; {AGAIN}")
    model = json.loads(content)
    if model.get("form") != FORM:
        raise UsageError(f"{folder / EXPLORER} is of another version; {AGAIN}")
    if not model["scenarios"] or not any(map(sum, map(_flat, model["gwh"].values()))):
        return None
    record = result.record
    config = {key: value for key, value in record["config"].items() if key not in LEFT_OUT and value is not None}
    if config.get("flows"):
        config["flows"] = {**config["flows"], "lines": ""}
    labels = {kind: record["codes"][kind] for kind in ("segment", "chemistry", "mineral")}
    labels["region"] = {name: {"label": wording.place(name)} for name in record["regions"]}
    labels["scenario"] = {name: {"label": each["label"]} for name, each in record["scenarios"].items()}
    return {
        "run": record["run"], "model": model, "labels": labels, "config": config, "nothing": NOTHING,
        "first": _first(result), "place": wording.place(record["region_label"]), "whole": _of_the_whole_alone(record),
    }  # fmt: skip


def _flat(nested: Any) -> list[float]:
    return [number for each in nested for number in _flat(each)] if isinstance(nested, list) else [float(nested)]


def _of_the_whole_alone(record: dict[str, Any]) -> bool:
    """Whether a run of several regions says to read their total alone."""
    return len(record["regions"]) > 1 and any(
        wording.WORLD_TOTAL in each["caveat"] for each in record["scenarios"].values()
    )


def _first(result: Result) -> str:
    """The disruption that is shown first: the one of a single node that takes most of the first scenario."""
    if "disruptions" not in result.tables or not len(result["disruptions"]):
        return ""
    frame = result["disruptions"]
    last = frame[(frame["year"] == result.record["years"][-1]) & (frame["scenario"] == result.scenarios[0])]
    single = last[last["nodes"] == 1]
    frame = single if len(single) else last
    return str(frame.sort_values("lost_best", kind="stable")["disruption"].iloc[-1]) if len(frame) else ""


def explorer(result: Result, data: dict[str, Any] | None) -> Markup:
    """Controls and tables, which the script fills. Without a script they stay hidden, and a sentence says why."""
    if data is None:
        return Markup("")
    model = data["model"]
    words = (
        "Move a share and the others make room in proportion; what you hold stays. Kilotonnes and losses are computed "
        "in this page as the model computes them, from the numbers of the run at its full precision; nothing leaves "
        f"your machine. Changes are against {data['labels']['scenario'][model['scenarios'][0]]['label']}."
    )
    form = element(
        "div",
        _choice("scenario", "Start from"), _choice("region", "Region"), _choice("year", "Year"), _choice("use", "Uses"),
        _choice("by", "Sliders by"), class_="row controls",
    )  # fmt: skip
    threats = element(
        "div",
        _choice("event", "If it happens"),
        element(
            "label", "Stock of each material ",
            Markup('<input type="range" min="0" max="12" step="1" value="0" data-part="months">'),
            Markup('<output data-part="months-out"></output>'),
        ),
        class_="row controls", data_part="threats",
    )  # fmt: skip
    stays = (
        "Below each number of kilotonnes are bounds: all mineral intensities at their low and at their high values. Of "
        "losses the two ends are the low and the high end of how much of the flow stops, over twelve months, with what "
        "is left shared best; the intervals of the draws, in the tables above, are not computed again. Silicon in "
        "anodes, who makes the cells, and the reference world stay as in the run: their change would move what "
        "others take and supply, which only the model itself computes. Blends of silicon follow their chemistry. "
        f"{MARK} Not in force."
    )
    if left := [each["label"] for name, each in result.record["scenarios"].items() if name not in model["scenarios"]]:
        stays += (
            f" Not offered: {listed(left, 8)}, whose shares are chosen by the model, follow curves or are capped by "
            "plants, or name each blend of silicon by itself."
        )
    buttons = element(
        "div",
        element("button", "Back to the scenario", type="button", data_part="reset"),
        element("button", "Copy as run file", type="button", data_part="copy"),
        element("button", "Save run file", type="button", data_part="save"),
        element("span", role="status", data_part="copied", class_="note"), class_="row",
    )  # fmt: skip
    text = Markup(
        '<textarea readonly rows="14" spellcheck="false" aria-label="Run file" data-part="runfile"></textarea>'
    )
    app = element(
        "div",
        form,
        element("p", data_part="headline", class_="headline", aria_live="polite"),
        element("p", data_part="changed", class_="note"),
        element(
            "div",
            element(
                "div",
                element("div", data_part="sliders", class_="sliders", role="group", aria_label="Market shares"),
                element("div", threats, _table("lost", "What this mix loses and costs"), data_part="losses"),
                element("p", data_part="why", class_="note"),
            ),
            _table("kt", "Mineral demand of this mix"),
            class_="explore",
        ),
        buttons,
        element("details", element("summary", "The run file of this mix"), text),
        id="explorer-app",
        hidden="",
    )
    none = element("noscript", element("p", "The explorer needs scripts; all else on this page does not."))
    return Markup(
        element("div", element("p", words, class_="text"), none, app, element("p", stays, class_="note"))
    )  # fmt: skip


def _choice(name: str, label: str) -> Markup:
    return element("label", f"{label} ", element("select", data_part=name))


def _table(name: str, label: str) -> Markup:
    return element("div", element("table", data_part=name, aria_label=label), class_="scroll")
