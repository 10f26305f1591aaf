"""What Python users call; `minerals.run`, `minerals.load`, `minerals.compare` and friends lead here.

What computes is imported inside the functions, so that the process that draws charts starts before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import charts
from .config import ManyRuns, Run
from .config import read_run as _read_run
from .drawing import Drawn, Finish, drawing
from .errors import InputError, UsageError, did_you_mean, listed
from .text import shown
from .toml import written

if TYPE_CHECKING:
    import pandas as pd

    from .case.cell_model import Derived
    from .results.explain import Explanation
    from .results.explain_exposure import NodeExplanation, RiskExplanation
    from .results.result import Result
    from .studies.blocks import StudyFolder
    from .tables.inputs import Inputs
    from .tables.own import Folders

__all__ = [
    "cell",
    "check",
    "compare",
    "describe",
    "draw",
    "explain",
    "export",
    "import_rows",
    "load",
    "read_inputs",
    "report",
    "run",
    "stress",
    "validate",
]

#: Changes of a run file, as `key=value` texts or as a mapping of keys to values.
Changes = Sequence[str] | Mapping[str, Any]


def run(
    source: str | Path | Run,
    *,
    set: Changes = (),
    inputs: Folders = None,
    out: str | Path | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    cluster: str = "",
) -> Result:
    """Compute a run file; with `out`, write the result folder and its charts too, whole or not at all. A chart that
    cannot be drawn is left out, and the record says why (`left_out`).

    source: a run file, the name of a shipped one ("europe-2035"), or the record.json of a result, which repeats its
    run with the same inputs or is refused. inputs: folders of own rows on top of those the run file names, or of a
    whole data package. set: changes, e.g. {"scope.years.last": 2040} or ["scope.years.last=2040"].
    A folder that holds the same run is replaced, another one only with `force`; see Result.write for what is kept. An
    interrupted study leaves what it has finished in `<out>.partial`, from where the same call goes on, and which
    no other run touches; progress is called with how much of how much is done. workers: processes of a study, in place
    of study.workers; cluster: address of a scheduler of dask.distributed whose workers compute it. No result hangs on
    them.
    Raises errors.UsageError and errors.InputError, which say what to mend; warns with errors.Notice of a record that
    was made with other versions.
    """
    config = source if isinstance(source, Run) else read_run(source, set, inputs)
    with drawing(config) if out is not None else nullcontext(None) as drawn:
        from .results.result import refuse_other_run
        from .studies.run import run as compute

        if out is not None:
            refuse_other_run(out, config.name, force)
        with _study_folder(config, out) as kept, _at_work(config, workers, cluster):
            result = compute(config, (), inputs, kept, progress)
            _write(result, out, force, drawn)
    return result


def _study_folder(config: Run, out: str | Path | None) -> AbstractContextManager[StudyFolder | None]:
    """Where the finished blocks of a run's study are kept; nothing for a run without one, or that is not written."""
    study = config.settings.study
    if out is None or study is None:
        return nullcontext()
    from .studies.blocks import StudyFolder

    return StudyFolder(Path(f"{Path(out).resolve()}.partial"))


def _at_work(config: Run, workers: int | None, cluster: str) -> AbstractContextManager[None]:
    """Who works on the study of a run. Raises UsageError where nothing of it is done by several."""
    study = config.settings.study
    if (workers or cluster) and not isinstance(study, ManyRuns):
        what = f"a [study] of kind {study.kind!r}" if study is not None else "no [study]"
        option = f"--workers {workers}" if workers else f"--cluster {cluster}"
        raise UsageError(f"{config.path} has {what}, so that there is no work for several; leave {option} out")
    return _hands(workers, cluster)


def _hands(workers: int | None, cluster: str) -> AbstractContextManager[None]:
    """Who works, where that is said."""
    if not (workers or cluster):
        return nullcontext()
    if workers and cluster:
        raise UsageError("--workers are processes of this machine, and --cluster has its own; give one of the two")
    from .studies.pool import Hands, at_work

    return at_work(Hands(workers, cluster))


def stress(
    source: str | Path | Run,
    *,
    set: Changes = (),
    inputs: Folders = None,
    out: str | Path | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    cluster: str = "",
) -> Result:
    """Compute a run file with [exposure] and play, beside its disruptions, every single supplier (table stress_single;
    which of them the rule of the library takes: library), pairs of the worst (stress_pairs) and events that last, with
    the stockpile running down (stress_years).

    All arguments as of `run`, workers and cluster for the draws of intervals; the result is the run `<name>-stress`,
    without a study. Raises UsageError where the run has no [exposure], InputError.
    """
    config = source if isinstance(source, Run) else read_run(source, set, inputs)
    if config.settings.exposure is None:
        raise UsageError(f"{config.path} has no [exposure]; add one, e.g. as runs/europe-2035.toml has it")
    settings = config.settings.model_copy(update={"study": None})
    config = replace(config, name=f"{config.name.removesuffix('-stress')}-stress", settings=settings)
    with drawing(config) if out is not None else nullcontext(None) as drawn:
        from .results.result import refuse_other_run
        from .studies.run import run as compute

        if out is not None:
            refuse_other_run(out, config.name, force)
        with _hands(workers, cluster):
            result = compute(config, (), inputs, progress=progress, stressed=True)
        _write(result, out, force, drawn)
    return result


def read_run(source: str | Path, set: Changes = (), inputs: Folders = None) -> Run:
    """Read a run file, a shipped one or a record.json with its changes; nothing is computed yet.

    Raises UsageError and InputError, also for a chart that does not exist.
    """
    texts = _texts(set)
    if Path(source).suffix != ".json":
        config = _read_run(source, texts)
    elif texts:
        raise UsageError(f"{source} repeats a run as it was; to change it, --set its run file")
    else:
        from .results.repeat import read_record

        config = read_record(source, inputs)
    unknown = [name for name in config.settings.output.charts or () if name not in charts.CHARTS]
    if unknown:
        raise InputError(
            config.problem(["output", "charts"], f"charts = {name!r}", _no_chart(name)) for name in unknown
        )  # fmt: skip
    return config


def load(folder: str | Path) -> Result:
    """Read a result folder back: its record, and its tables. Raises UsageError for a folder that is no result of this
    version or was changed by hand."""
    from .results import result

    return result.load(folder)


def draw(result: Result | str | Path, name: str = "demand_by_mineral", **options: Any) -> Any:
    """Draw one chart of a result; options as the chart takes them. Returns its bundle, with `write(folder)`.

    The bundle is written under the chart's name, followed by the options that are not its defaults
    (demand_by_mineral-slide-2040.png), so that it never takes the place of the chart that the run itself wrote.
    """
    if name not in charts.CHARTS:
        raise UsageError(_no_chart(name))
    bundle = charts.draw(_result(result), name, **options)
    usual = charts.options_of(name)
    chosen = [key for key in usual if key in options and options[key] != usual[key]]
    chosen.sort(key=lambda key: key != "size")
    suffixes = (f"{key}-{options[key]}" if key in ("base", "title") else options[key] for key in chosen)
    return bundle._replace(meta=replace(bundle.meta, name="-".join([name, *map(_slug, suffixes)])))


def chart_options(name: str) -> list[str]:
    """Names of the options of a chart. Raises UsageError for one that does not exist."""
    if name not in charts.CHARTS:
        raise UsageError(_no_chart(name))
    return list(charts.options_of(name))


def report(folder: str | Path, out: str | Path | None = None) -> str:
    """A result folder as one HTML page: findings with their intervals, the numbers, the charts of the folder with the
    tables behind them, method, limits, sources and record. Returns the text; `out`: file
    that it is written to.

    The page asks nothing of any other place, and shows every text of the run as text. Only the folder is read, so it
    may have been moved; the same folder gives the same bytes. Raises UsageError for a folder that is no result of this
    version, or was changed by hand, and where the file cannot be written.
    """
    from .report.document import write
    from .report.page import page

    text = page(load(folder), Path(folder))
    if out is not None:
        write(text, Path(out))
    return text


def compare(
    result: Result | str | Path | Sequence[Result | str | Path] | Mapping[str, Result],
    base: str | None = None,
    year: int | str | None = None,
    region: str | None = None,
    quantity: str = "mineral_demand",
    *,
    unit: str = "kt",
) -> pd.DataFrame:
    """Scenarios of a result side by side: kt by mineral and change against a base; of several results, their common
    scenarios, result by result, by the names of a mapping or of folders and runs.

    See results.compare.compare and results.side_by_side.side_by_side for the columns.

    unit: of mass, "t" or "Mt", or of a compound, as "kt LCE", in which only the minerals that it holds are told. Raises
    UsageError.
    """
    from .results import compare as comparison
    from .results.masses import in_unit

    if isinstance(result, Sequence | Mapping) and not isinstance(result, str):
        from .results.side_by_side import side_by_side

        runs = result if isinstance(result, Mapping) else named(result)
        if base is not None:
            raise UsageError("several results are held against the first; a base is a scenario of one")
        table = side_by_side(runs, year, region, quantity)
        return in_unit(table, unit, next(iter(runs.values())))
    loaded = _result(result)
    return in_unit(comparison.compare(loaded, base, year, region, quantity).frame, unit, loaded)


def named(results: Sequence[Result | str | Path]) -> dict[str, Result]:
    """Results by name: that of their folder, or its path where two have the same name, or of their run."""
    paths = [each if isinstance(each, str | Path) else None for each in results]
    loaded = [_result(each) for each in results]
    names = [each.record["run"] if path is None else Path(path).resolve().name
             for path, each in zip(paths, loaded, strict=True)]  # fmt: skip
    if len(set(names)) < len(names):
        names = [f"{name} {at}" if path is None else str(path)
                 for at, (name, path) in enumerate(zip(names, paths, strict=True), 1)]  # fmt: skip
    if len(set(names)) < len(names):
        raise UsageError(f"{names[0]} is named twice; name each result once")
    return dict(zip(names, loaded, strict=True))


def explain(
    result: Result | str | Path,
    mineral: str | None = None,
    region: str | None = None,
    year: int | str | None = None,
    scenario: str | None = None,
    *,
    disruption: str | None = None,
    node: str | None = None,
) -> Explanation | RiskExplanation | NodeExplanation:
    """A number as the tree of its sourced rows: a mineral's demand, the GWh at risk of a disruption, or who makes a
    node and what a region needs and gets of it, whichever is named. See results.explain and results.explain_exposure.
    """
    from .results.explain import explain
    from .results.explain_exposure import explain_disruption, explain_node

    named = [name for name in (mineral, disruption, node) if name is not None]
    if len(named) != 1:
        raise UsageError("name one of mineral, disruption and node to explain, e.g. mineral graphite")
    result = _result(result)
    if mineral is not None:
        return explain(result, mineral, region, year, scenario)
    if disruption is not None:
        return explain_disruption(result, disruption, region, year, scenario)
    return explain_node(result, str(node), region, year, scenario)


def cell(
    chemistry: str,
    silicon: float | None = None,
    inputs: Folders = None,
    blend: str = "silicon",
    solid: str = "",
    **numbers: float,
) -> Derived:
    """Derive a cell from its electrochemistry: `.bill.minerals` [kg/kWh], `.low`, `.high`, `.effects`, `.numbers`.

    silicon: mass fraction in the anode, default the chemistry's own; blend: `silicon` or `silicon_oxide`; solid: a
    solid electrolyte, `sulfide`, `oxide` or `polymer`; numbers: of the cell, by hand, as `n_over_p=1.05`. Raises
    UsageError with every reason why there is no such cell.
    """
    from .case.cell_model import CellModel

    data = read_inputs(inputs)
    return CellModel(data).derive(chemistry, _silicon_of(data, chemistry, silicon), numbers, blend, solid)


def cell_sheet(
    chemistry: str,
    silicon: float | None,
    numbers: Mapping[str, float],
    inputs: Folders = None,
    blend: str = "silicon",
    solid: str = "",
    width: int = 100,
) -> list[str]:
    """A derived cell as lines of text, beside the inventories of the tables; width: letters of a line of a table."""
    from .case.cell_model import CellModel
    from .results.cell_sheet import sheet

    data = read_inputs(inputs)
    fraction = _silicon_of(data, chemistry, silicon)
    return sheet(CellModel(data).derive(chemistry, fraction, numbers, blend, solid), data, width)


def _silicon_of(data: Inputs, chemistry: str, silicon: float | None) -> float:
    if silicon is not None:
        return silicon
    own = data["chemistries"].set_index("chemistry")["silicon"]
    return float(own.get(chemistry, 0.0))


def read_inputs(folder: Folders = None) -> Inputs:
    """The input tables, read and checked: the shipped ones, with the own rows of some folders on top, the first
    uppermost; one that holds most tables stands in for the shipped. Raises errors.InputError with every problem."""
    from .tables import inputs
    from .tables.own import folders, layers

    return inputs.read_inputs(layers(folders(folder)))


def import_rows(
    file: str | Path,
    table: str | None = None,
    *,
    columns: Sequence[str] = (),
    fixed: Sequence[str] = (),
    words: Sequence[str] = (),
    sheet: str = "",
    decimal: str | None = None,
    out: str | Path = "my-data",
    force: bool = False,
    inputs: Folders = None,
) -> list[str]:
    """Write the rows of a CSV file or a workbook as own rows into a folder, and say what was done.

    table: ours that they become; without it every sheet of a workbook is a table of ours already. columns:
    COLUMN=HEADER there; fixed: COLUMN=VALUE in all rows; words: WORD=CODE, or WORD= for rows to leave out; sheet: of a
    workbook; decimal: the mark of decimals, where the figures do not tell. Raises UsageError, InputError; nothing is
    written then.
    """
    from .tables.foreign import Wanted, import_table, sheets_of_ours, words_of_options, write_own

    file, known = Path(file), read_inputs(inputs)
    if not file.is_file():
        raise UsageError(f"{file}: not found; name a CSV file or a workbook")
    if table is None:
        if columns or fixed or words or sheet or file.suffix != ".xlsx":
            raise UsageError(f"{file}: say which table its rows become, e.g. --as battery_demand")
        return write_own(Path(out), sheets_of_ours(file, known), force)
    wanted = Wanted(
        table,
        words_of_options(columns, "--map"),
        words_of_options(fixed, "--set"),
        words_of_options(words, "--word"),
        decimal or "",
    )
    return write_own(Path(out), [import_table(file, sheet, wanted, known)], force)


def export(
    folder: str | Path,
    *,
    xlsx: str | Path | None = None,
    iamc: str | Path | None = None,
    wide: str | Path | None = None,
    inputs: Folders = None,
    force: bool = False,
) -> list[str]:
    """Write a result folder for other programs, and say what was written.

    xlsx: workbook of the input rows that it rests on, a sheet a table, which import_rows takes back; iamc: file in the
    IAMC layout, .csv or .xlsx; wide: folder for its tables with years across. inputs: the data package that it was made
    with, where that is not the shipped one. Each is written whole or not at all; force: it replaces an earlier one, the
    folder as a whole, but never one with other files. Raises UsageError.
    """
    from .results.export import check_targets, export_iamc, export_wide, export_xlsx

    if not (xlsx or iamc or wide):
        raise UsageError("say what to write: --xlsx FILE, --iamc FILE or --wide DIR")
    targets = {"--xlsx": xlsx, "--iamc": iamc, "--wide": wide}
    check_targets({option: Path(target) for option, target in targets.items() if target}, force)
    result, written = load(folder), []
    if xlsx:
        from .pipeline import inputs_of
        from .tables.inputs import read_inputs as read_package

        config = read_run(Path(folder) / "record.json", (), inputs)
        written.append(export_xlsx(result, read_package(inputs_of(config, inputs)), Path(xlsx)))
    if iamc:
        written.append(export_iamc(result, Path(iamc)))
    if wide:
        written.append(export_wide(result, Path(wide)))
    return written


def describe(name: str | None = None, inputs: Folders = None, *, as_json: bool = False, width: int = 100) -> str:
    """What a name means: a quantity, table, chemistry, mineral, region, segment, scenario, source, constraint or
    objective of the mix, or key of a run file; of a group of names, as "keys", all of them; the groups without one.

    as_json: as JSON, with equations of the mix in LaTeX; width: letters of a line of a list. Raises errors.UsageError
    for an unknown name.
    """
    from .results import describe as names

    tables = read_inputs(inputs)
    if as_json:
        found = names.entries(name, tables) if name else names.named(tables)
        return json.dumps(found, indent=2, ensure_ascii=False)
    return names.describe(name, tables, width)


def check(what: str | Path = "inputs", *, set: Changes = (), inputs: Folders = None) -> list[str]:
    """Check input tables (a folder; "inputs" are the shipped ones) or a run file, without solving or drawing anything.

    A run file is refused exactly where `run` refuses it, in the same words. Not told here is what only a run can know:
    that no mix keeps all its limits, that the solver fails, and what a folder or the disk will not take.
    Returns sentences on what was found sound, and what would be filled. Raises errors.InputError with every problem.
    """
    folder = Path(what)
    if not folder.is_dir() and what != "inputs":
        return _checked_run(read_run(what, set, inputs), inputs)
    from .tables.check import without_price
    from .tables.codes import UNKNOWN

    if set or inputs:
        raise UsageError(f"{what} is a folder of input tables; --set and --inputs go with a run file")
    data = read_inputs(folder if folder.is_dir() else None)
    qualities = [table.columns["quality"] for table in data.tables.values() if table.schema.kind]
    assumed, unknown = (sum(each.count(word) for each in qualities) for word in ("assumed", UNKNOWN))
    not_known = f"{unknown} not known, " if unknown else ""
    unpriced = without_price(data.tables)
    return [
        f"{what}: sound. {len(data.tables)} tables, {sum(map(len, qualities))} figures, {assumed} of them assumed, "
        f"{not_known}{len(data.tables['corrections'])} corrected, {len(data.tables['sources'])} sources.",
        *_own(data),
        *([f"no price of {listed(unpriced)}: a run with [prices] that sells it is refused"] if unpriced else []),
    ]


def validate(*, out: str | Path | None = None, size: str | None = None) -> Result:
    """Hold the model against the shipped table of results that others published.

    Returns a result whose table `validation` has a row each: ours, theirs, ratio, verdict (agrees, differs, outside),
    reason, source, and whose table `figure_17_family` has what figure 17 hangs on. With `out`, validation.csv,
    figure_17_family.csv and charts/validation.* are written to that folder; size: of the chart,
    'brief' or 'slide'; another chart is draw(result, "validation", size=…). Raises InputError, UsageError.
    """
    if size and out is None:
        raise UsageError("--size is of the chart that --out writes; name a folder with --out")
    from .results.verdicts import write
    from .validation import validate as published

    result = published.validate()
    if out is not None:
        write(result["validation"], Path(out), result["figure_17_family"])
        draw(result, "validation", **({"size": size} if size else {})).write(Path(out) / "charts")
    return result


def _own(data: Inputs) -> list[str]:
    """What own rows did, by file, and the first rows below that they replace."""
    from .results.screen import MOST_REPLACED

    lines = list[str]()
    for each in data.own:
        rows = [f"  {', '.join(one.key)}: {one.change}" for one in each.instead]
        more = [f"  and {len(rows) - MOST_REPLACED:,} more"] if len(rows) > MOST_REPLACED else []
        lines += [str(each), *rows[:MOST_REPLACED], *more]
    return lines


def _checked_run(config: Run, inputs: Folders) -> list[str]:
    from .pipeline import inputs_of, prepared
    from .tables.inputs import read_inputs

    ready = prepared(config, read_inputs(inputs_of(config, inputs)))
    resolved = ready.outcome.resolved
    count, years = len(config.settings.scenario), resolved.reported
    chosen = []
    for _, mix in list(ready.mixes.values())[:1]:
        span, threats = f"{mix.years[0]}–{mix.years[-1]}", len(mix.disruptions)
        many = f", for {len(ready.mixes)} mixes" if len(ready.mixes) > 1 else ""
        chosen = [f"to be chosen: {len(mix.chemistries)} chemistries in {span}, against {threats} disruptions{many}"]
    return [
        f"{config.path}: sound. {count} scenario{'s' if count > 1 else ''}, {listed(resolved.regions.labels)}, "
        f"{years[0]}–{years[-1]}, {len(resolved.used)} input rows.",
        *_own(ready.inputs),
        *chosen,
        *resolved.notes,
        *(f"filled: {sentence}" for sentence in resolved.fills),
    ]


def _result(result: Result | str | Path) -> Result:
    return load(result) if isinstance(result, str | Path) else result


def _write(result: Result, out: str | Path | None, force: bool, drawn: Callable[[Result], Finish] | None) -> None:
    """Write a result folder and its charts, which are drawn meanwhile."""
    if drawn is not None and out is not None:
        finish = drawn(result)
        result.write(out, force=force, extra=lambda place: _note(result, finish(place / "charts")))


def _note(result: Result, drawn: Drawn) -> None:
    """Keep in the record which charts were left out and why, and which of their letters no font has."""
    result.record.update({key: value for key, value in drawn._asdict().items() if value})


def _no_chart(name: str) -> str:
    return f"no chart {name}{did_you_mean(name, charts.CHARTS)} (charts: {listed(charts.CHARTS, len(charts.CHARTS))})"


def _slug(value: object) -> str:
    """A value as part of a file name."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return re.sub(r"\W+", "-", text.lower())[:40].strip("-")


def _texts(changes: Changes) -> tuple[str, ...]:
    """Changes as `key=value`. Raises UsageError for a single text, which would be read letter by letter."""
    if isinstance(changes, str):
        key, _, value = changes.partition("=")
        raise UsageError(f"set = {changes!r} is one text; write set=[{changes!r}] or set={{{key!r}: {value or '…'}}}")
    if isinstance(changes, Mapping):
        return tuple(_change(key, value) for key, value in changes.items())
    if not isinstance(changes, Sequence) or not all(isinstance(change, str) for change in changes):
        raise UsageError(f"set = {shown(changes)}: expected a dict of keys and values, or a list of key=value")
    return tuple(changes)


def _change(key: object, value: object) -> str:
    """One change as `key=value`. Raises UsageError for a value that no run file holds."""
    try:
        return f"{key}={written(value)}"
    except ValueError as error:
        raise UsageError(f"set: {key} {error}") from None
