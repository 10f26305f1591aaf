"""The page of a result folder: what it says in which order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..charts.footer import red_line, short_citation
from ..charts.selection import table_of
from ..errors import listed
from ..results.result import Result
from ..results.worlds import said_of_assumed
from ..text import without_unprintable
from .document import HERE, document, section
from .explorer import explorer, file_of
from .figures import figures
from .findings import disruptions, findings, minerals
from .markup import Markup, element, items, paragraphs, table

#: Sources that are named before the table of all.
MOST_NAMED = 6
#: What grades of rows are called, the surest first.
GRADES = {
    "measured": "measured", "official": "official statistics or a published report",
    "model": "another published model", "judgement": "a judgement from several sources",
    "assumed": "assumed, with the reasoning and a low and a high in its row",
    "unknown": "not known by anybody who publishes",
}  # fmt: skip


def page(result: Result, folder: Path) -> str:
    """A result folder as one HTML file. The same folder gives the same bytes. Raises UsageError where a chart of it
    cannot be read."""
    drawn, data = figures(folder), file_of(result, folder)
    record = result.record
    parts = {
        "findings": ("What the model finds", findings(drawn)),
        "numbers": ("The numbers", Markup(_demand(result) + disruptions(result))),
        "explorer": ("Try another mix", explorer(result, data)),
        "figures": ("Figures", Markup("".join(each.markup(result) for each in drawn))),
        "method": ("How it is computed", _method(record)),
        "limits": ("Limits and caveats", _limits(result)),
        "sources": ("Sources", _sources(result)),
        "record": ("Record of the run", _record(record)),
    }
    parts = {name: part for name, part in parts.items() if part[1]}
    links = (element("a", heading, href=f"#{name}") for name, (heading, _) in parts.items())
    skip = element("a", "Skip to the findings", href="#main", class_="skip")
    head = element("header", *_head(result), element("nav", items(links), aria_label="Contents"))
    main = element("main", *(section(name, *part) for name, part in parts.items()), id="main")
    body = element("div", head, main, element("footer", element("p", _foot(record))), class_="page")
    script = (HERE / "explorer.js").read_text(encoding="utf-8") if data else ""
    title = f"{record['title']} · minerals"
    return document(title, Markup(skip + body), ["style.css"], script, _embedded(data))


def _embedded(data: Any) -> str:
    """Data as JSON that ends no script and opens none, in texts that can be shown."""
    text = json.dumps(_shown(data), ensure_ascii=False, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def _shown(value: Any) -> Any:
    """A value whose texts, at any depth, hold only what can be shown."""
    if isinstance(value, str):
        return without_unprintable(value)
    if isinstance(value, dict):
        return {without_unprintable(key): _shown(part) for key, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list) else value


def _head(result: Result) -> list[Markup]:
    record = result.record
    years, labels = record["years"], [str(each["label"]) for each in record["scenarios"].values()]
    span = f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])
    what = f"Mineral demand, exposure and chemistry mix of batteries · {record['region_label']}, {span}"
    against = f"Compared with {labels[0]}: {listed(labels[1:], 8)}." if labels[1:] else f"Scenario: {labels[0]}."
    caveat = red_line(record["scenarios"], {name: str(each["label"]) for name, each in record["scenarios"].items()})
    if assumed := said_of_assumed(record, table_of(result, "inputs_used")):
        several = len(record["codes"]["future"]) > 1
        own = f"What names no future is of {record['exposure']['future']['label']}." if several else ""
        caveat = " ".join(filter(None, (assumed, own, caveat)))
    return [
        element("p", what, class_="kind"), element("h1", record["title"]), element("p", against, class_="lead"),
*([element("p", caveat, class_="caution")] if caveat else []),
    ]  # fmt: skip


def _demand(result: Result) -> Markup:
    found = minerals(result)
    if not found:
        return Markup(element("p", "No batteries are put into use, and nothing is needed."))
    drawn = "percentiles" in result.tables
    ends = (
        "the 5th to the 95th percentile of the draws of the study"
        if drawn
        else "bounds, not percentiles: all mineral intensities at their low and at their high values. The bounds of a "
        "change have each chemistry family at low, central or high values, the same in both scenarios"
    )
    words = (
        f"Gross demand: what the cells hold. Below each number: {ends}. A change is coloured where its interval leaves "
        "out zero. Mass is contained element, graphite is anode-grade."
    )
    if result.record["config"]["optimise"] is not None:
        words += (
            " A chosen mix is one of several that are nearly as good: its kilotonnes are of that one, and the "
            "bounds below them are of intensities alone."
        )
    return Markup(found + element("p", words, class_="note"))


def _method(record: dict[str, Any]) -> Markup:
    config, exposure = record["config"], record.get("exposure")
    held = "held at today's values in all years" if config["intensity"]["trend"] == "held" else "improving over time"
    route = {
        "inventory": "published inventories of cells", "derived": "the formula and the design of each cell",
    }.get(config["intensity"]["route"], str(config["intensity"]["route"]))  # fmt: skip
    texts = [
        "Demand. A scenario gives the gigawatt-hours (GWh) of batteries that each use puts into use in each year, and "
        "the share of each cell chemistry in them. GWh × share × kilograms per kilowatt-hour is kilotonnes (kt) of "
        f"mineral. The kilograms per kilowatt-hour rest on {route}, and are {held}.",
    ]
    if config["flows"] is not None:
        texts.append(
            "Flows. Production scrap, batteries in use, second life, collection and recycling are followed by year of "
            "sale, and the mass of every process closes. Primary demand is what must be mined and refined after "
            "recovered material."
        )
    if config["prices"] is not None:
        texts.append(
            "Cost. Pack prices follow one-factor learning curves by chemistry, in real 2025 dollars, drawn from "
            "observed prices and moved by the world's cumulative production."
        )
    if exposure is not None:
        texts += [
            f"Exposure. Each chemistry is followed to the mines, refineries, plants of active material and cell plants "
            f"it needs; who makes what is that of “{exposure['future']['label']}”. A region serves itself first, "
            "exports are a pool shared by need, and a country that closes leaves it. What can then still be built is "
            "the most that a linear programme finds: the bottleneck decides.",
            f"Intervals of losses. {config['exposure']['draws']:,} draws of what has a low and a high end, of demand, "
            "of the shares of chemistries, and of how much of a flow a stop takes and for how long, from what past "
            "stops took."
            if config["exposure"]["draws"]
            else "",
        ]
    if config["optimise"] is not None:
        texts.append(
            "Mix. A linear programme chooses shares of chemistries and where cells come from, year by year, so that "
            "least is lost when a flow stops, within plants, growth rates, needs of performance and cost."
        )
    if config["study"] is not None:
        texts.append(f"Study. The run is computed many times (kind: {config['study']['kind']}).")
    texts.append(
        "Trust. Every number can be followed to its rows and sources with minerals explain, and the run repeats from "
        "its record with minerals run record.json."
    )
    parts = (text.partition(". ") for text in texts if text)
    return Markup(
        element(
            "div", *(element("p", element("strong", f"{head}."), f" {rest}") for head, _, rest in parts), class_="text"
        )
    )


def _limits(result: Result) -> Markup:
    record = result.record
    lines: list[object] = []
    for caveat in dict.fromkeys(each["caveat"] for each in record["scenarios"].values() if each["caveat"]):
        of = [each["label"] for each in record["scenarios"].values() if each["caveat"] == caveat]
        lines.append(caveat if len(of) == len(record["scenarios"]) else f"{listed(of, 8)}: {caveat}")
    lines += list(record.get("exposure", {}).get("caveats", ())) + list(record.get("notes", ()))
    lines += [f"Chart left out: {each}" for each in record.get("left_out", ())]
    if config := record["config"]["exposure"]:
        known = {
            "none": "Of nodes whose makers nobody publishes no stop is counted, and none of them is safe.",
            "centre": "Who leads a node whose makers nobody publishes is taken to make as much as of the cathodes that "
            "go with it.",
            "all": "Who leads a node whose makers nobody publishes is taken to make all of it.",
        }
        lines += [
            known[config["unknown"]],
            "What is lost is counted over twelve months with prices, diplomacy and substitution left out; a loss is "
            "what cannot be built, not what is built later.",
        ]
    scenarios = [element("p", element("strong", str(each["label"])), f": {each['note']}", class_="note")
                 for each in record["scenarios"].values() if each["note"]]  # fmt: skip
    filled = element("details", element("summary", "Years that were filled"), items(record["fills"], class_="note"))
    notes = [element("h3", "What the scenarios are"), *scenarios] if scenarios else []
    return Markup("".join([items(lines, class_="text"), *([filled] if record["fills"] else []), *notes]))


def _sources(result: Result) -> Markup:
    counts = result.record["rows_used"]
    whole = sum(counts.values()) or 1
    shares = [f"{counts[grade] / whole:.0%} {words}" for grade, words in GRADES.items() if counts.get(grade)]
    frame = result["sources_used"].fillna("").astype(str)
    frame = frame.sort_values("rows_used", key=lambda rows: -rows.astype(int), kind="stable")
    rows, citations = [], frame["citation"].tolist()
    for row in frame.to_dict("records"):
        url = str(row.get("url", ""))
        name = (
            element("a", row["citation"], href=url, rel="noreferrer") if url.startswith("https://") else row["citation"]
        )
        rows.append([name, str(row.get("licence", "")), str(row.get("rows_used", ""))])
    words = f"{whole:,} rows of input tables are used: {'; '.join(shares)}."
    behind = element(
        "details", element("summary", f"All {len(rows)} sources"),
        table(["Source", "Licence", "Rows used"], rows, "Sources of the rows used", hidden=True), class_="print",
    )  # fmt: skip
    first = listed(list(dict.fromkeys(short_citation(text) for text in citations))[:MOST_NAMED], MOST_NAMED)
    return Markup(paragraphs([words, f"Most rows rest on {first}."], class_="text") + behind)


def _record(record: dict[str, Any]) -> Markup:
    pairs = {
        "Run": f"{record['run']} ({record['run_id']})",
        "Changed keys": "; ".join(map(str, record.get("set", ()))) or "none",
        "Versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
        "Inputs, SHA-256": _inputs(record),
        "Record, SHA-256": str(record.get("record_sha256", "")),
    }
    inner = (part for name, text in pairs.items() if text for part in (element("dt", name), element("dd", text)))
    return element("dl", *inner, class_="record")


def _inputs(record: dict[str, Any]) -> str:
    """One sum over the sums of the tables."""
    tables = "".join(f"{name} {mark}\n" for name, mark in sorted(record["inputs"].items()))
    return (
        f"{hashlib.sha256(tables.encode()).hexdigest()} (of the sums of {len(record['inputs'])} tables in record.json)"
    )


def _foot(record: dict[str, Any]) -> str:
    run = f"Run {record['run']} ({record['run_id']}) · minerals {record['versions']['minerals']}"
    return f"{run}. This page asks nothing of any other place."
