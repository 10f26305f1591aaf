"""The command line. Results go to standard output, words about them to standard error.

Heavy modules are imported inside the commands, so that `minerals --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .errors import InputError, MineralsError, UsageError, did_you_mean, listed

if TYPE_CHECKING:
    import pandas as pd

    from .results.explain import Explanation, Factor, Leaf
    from .results.result import Result

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="minerals", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Mineral demand and chemistry mix of batteries.

    Adoption scenarios of NMC, LFP, Na-ion, Si-anode, Li-metal and Li-S become GWh of cells and kt of graphite, nickel,
    lithium and cobalt; every number can be followed to its source.

    \b
    Start:    minerals run runs/europe-2035.toml
    Look:     minerals compare runs/europe-2035
    Trust:    minerals explain runs/europe-2035 --mineral graphite
    """
    context.obj = debug


def _command(function: Callable[..., None]) -> Any:
    """A subcommand whose errors are shown as sentences with the right exit code."""

    @cli.command(name=function.__name__.rstrip("_"))
    @click.pass_context
    @wraps(function)
    def guarded(context: click.Context, *args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except MineralsError as error:
            if context.obj:
                raise
            _say(error)
            context.exit(error.exit_code)

    return guarded


@_command
@click.argument("file")
@click.option("--out", type=click.Path(path_type=Path), help="Result folder [default: runs/<name of the run file>].")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a key, e.g. scope.years.last=2040.")
@click.option("--inputs", type=click.Path(path_type=Path), help="Folder of input tables [default: the shipped ones].")
@click.option("--force", is_flag=True, help="Replace a folder that holds another run.")
def run(file: str, out: Path | None, sets: tuple[str, ...], inputs: Path | None, force: bool) -> None:
    """Compute a run FILE: tables, record and charts into a folder, a summary on screen.

    FILE is a run file, or the name of a shipped one.
    """
    from . import api
    from .config import read_run

    asked = read_run(file, sets)
    folder = out or Path("runs") / asked.name
    result = api.run(asked, inputs=inputs, out=folder, force=force)
    _print_comparison(result, api.compare(result))
    _notes(result)
    click.echo(f"Written to {folder}", err=True)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--base", help="Scenario the others are compared with [default: the first].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--region", help="One region [default: the sum of all].")
def compare(folder: Path, base: str | None, year: int | None, region: str | None) -> None:
    """Compare the scenarios of a result FOLDER: kt by mineral, change in per cent."""
    from . import api

    result = api.load(folder)
    _print_comparison(result, api.compare(result, base, year, region), base, year, region)
    _caveats(result)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--mineral", required=True, help="Mineral to explain, e.g. graphite.")
@click.option("--region", help="Region [default: the sum of all].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--scenario", help="Scenario [default: the first].")
def explain(folder: Path, mineral: str, region: str | None, year: int | None, scenario: str | None) -> None:
    """Follow one number of a result FOLDER to the rows and sources it rests on."""
    from . import api

    _print_explanation(api.load(folder), api.explain(folder, mineral, region, year, scenario))


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("name", default="demand_by_mineral")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the bundle [default: FOLDER/charts].")
@click.option("--size", type=click.Choice(["brief", "slide"]), default="brief", show_default=True)
@click.option("--title", help="Your own title instead of the computed finding; it is recorded as yours.")
@click.option("--region", help="Region [default: the sum of all].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--base", help="Scenario compared against [default: the first].")
def chart(folder: Path, name: str, out: Path | None, size: str, **options: Any) -> None:
    """Draw the chart NAME of a result FOLDER as png, svg, pdf, csv, json and alt text."""
    from . import api
    from .charts import CHARTS

    result = api.load(folder)
    if name not in CHARTS:
        raise UsageError(f"no chart {name}{did_you_mean(name, CHARTS)} (charts: {listed(list(CHARTS))})")
    wanted = {key: value for key, value in options.items() if value is not None}
    bundle: Any = api.draw(result, name, size=size, **wanted)
    target = out or folder / "charts"
    bundle.write(target)
    click.echo(f"{target / name}.png", err=False)


@_command
@click.argument("what", default="inputs")
def check(what: str) -> None:
    """Check input tables or a run file without computing: all problems at once.

    WHAT is a folder of input tables, or a run file; by default the shipped inputs.
    """
    from .config import read_run
    from .shipped import inputs_folder
    from .studies.run import inputs_of
    from .tables.inputs import read_inputs
    from .tables.resolve import resolve

    folder = Path(what)
    if folder.is_dir() or what == "inputs":
        data = read_inputs(folder if folder.is_dir() else inputs_folder())
        rows = {name: len(table.frame) for name, table in data.tables.items()}
        quantities = {name: table for name, table in data.tables.items() if table.schema.kind}
        assumed = sum(int((table.frame["quality"] == "assumed").sum()) for table in quantities.values())
        total = sum(rows[name] for name in quantities)
        click.echo(
            f"{what}: sound. {len(rows)} tables, {total} figures, {assumed} of them assumed, "
            f"{rows['corrections']} corrected, {rows['sources']} sources."
        )
        return
    asked = read_run(what)
    resolved = resolve(asked, read_inputs(inputs_of(asked, None)))
    click.echo(
        f"{what}: sound. {len(asked.settings.scenario)} scenarios, {listed(resolved.regions.labels)}, "
        f"{resolved.years.labels[0]}–{resolved.years.labels[-1]}, {len(resolved.inputs_used)} input rows."
    )
    for sentence in resolved.fills:
        click.echo(f"  filled: {sentence}")


@_command
@click.argument("name", required=False)
def describe(name: str | None) -> None:
    """Say what a NAME means: a quantity, table, chemistry, mineral, region, segment, scenario or source."""
    from .shipped import inputs_folder
    from .studies.describe import describe as words
    from .tables.inputs import read_inputs

    click.echo(words(name, read_inputs(inputs_folder())))


def main() -> None:
    """Entry point: exit codes 0 fine, 2 usage, 3 bad input, 4 infeasible, 5 solver failed, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        click.echo("Interrupted; nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("Interrupted; nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe went away (`minerals explain … | head`): no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _say(error: MineralsError) -> None:
    click.echo(str(error), err=True)
    if isinstance(error, InputError):
        count = len(error.problems)
        click.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was written.", err=True)


# ---------------------------------------------------------------------- screens


def _console() -> Any:
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 100
    return Console(width=wide, highlight=False, soft_wrap=False)


def _print_comparison(
    result: Result, table: pd.DataFrame, base: str | None = None, year: int | None = None, region: str | None = None
) -> None:
    """kt by mineral and scenario, change against the base, and GWh as the first row."""
    from rich.markup import escape
    from rich.table import Table

    base = base or result.scenarios[0]
    labels = {name: entry["label"] for name, entry in result.record["scenarios"].items()}
    minerals = result.record["codes"]["mineral"]
    place = f"{region or result.record['region_label']}, {year or result.record['years'][-1]}"
    screen = Table(box=None, padding=(0, 2, 0, 0))
    screen.add_column("")
    order = [base, *(name for name in result.scenarios if name != base)]
    for name in order:
        screen.add_column(labels[name], justify="right")
    screen.add_column("unit")
    gwh = table.drop_duplicates("scenario").set_index("scenario")["gwh"]
    screen.add_row("Batteries", *_cells(gwh.to_dict(), order), "GWh")
    for mineral, rows in table.groupby("mineral", sort=False):
        values = rows.set_index("scenario")["value"].to_dict()
        if any(values.values()):
            screen.add_row(minerals[mineral]["label"], *_cells(values, order), "kt")
    against = f"; changes against {labels[base]}" if len(order) > 1 else ""
    console = _console()
    console.print(f"[bold]{escape(result.record['title'])}[/bold]\n{escape(place + against)}")
    console.print(screen)


def _cells(values: dict[Any, float], order: list[str]) -> list[str]:
    """Cells of one row: the base's number, then number and change of each other scenario."""
    start = values[order[0]]
    changes = [_percent(values[name] / start - 1) if start else "" for name in order[1:]]
    others = [f"{_number(values[name])} {change:>7}" for name, change in zip(order[1:], changes, strict=True)]
    return [_number(start), *others]


def _percent(change: float) -> str:
    """Change in per cent with a true minus sign; no sign on what rounds to nothing."""
    text = f"{change:+.1%}" if abs(change) < 1 else f"{change:+,.0%}"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text.replace("-", "−")


def _number(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3g}"


def _caveats(result: Result) -> None:
    """Each caveat once, with the scenarios it holds for where it does not hold for all."""
    scenarios = result.record["scenarios"].values()
    for caveat in dict.fromkeys(entry["caveat"] for entry in scenarios if entry["caveat"]):
        labels = [entry["label"] for entry in scenarios if entry["caveat"] == caveat]
        whose = f" ({', '.join(labels)})" if len(labels) < len(scenarios) else ""
        click.echo(f"Caveat{whose}: {caveat}", err=True)


def _notes(result: Result) -> None:
    """Caveats of the scenarios, how many rows are assumed, and which years were filled."""
    record = result.record
    _caveats(result)
    counts = record["rows_used"]
    graded = ", ".join(f"{count} {quality}" for quality, count in sorted(counts.items(), key=lambda item: -item[1]))
    click.echo(f"{sum(counts.values())} input rows used: {graded}.", err=True)
    for sentence in record["fills"]:
        click.echo(f"Filled: {sentence}", err=True)


def _print_explanation(result: Result, told: Explanation) -> None:
    """The tree segment × chemistry, each factor with its rows, and the sources once at the end."""
    from rich.markup import escape
    from rich.tree import Tree

    codes = result.record["codes"]
    label = result.record["scenarios"][told.scenario]["label"]
    mineral = codes["mineral"][told.mineral]
    head = f"{mineral['label']}, {told.region}, {told.year}, {label}: {_number(told.value)} kt"
    tree = Tree(f"[bold]{escape(head)}[/bold]\n{escape(mineral['basis'])}")
    groups: dict[tuple[str, str], list[Leaf]] = {}
    for leaf in told.leaves:
        groups.setdefault((leaf.region, leaf.segment), []).append(leaf)
    several = len({region for region, _ in groups}) > 1
    for (region, segment), leaves in sorted(groups.items(), key=lambda item: -sum(leaf.value for leaf in item[1])):
        name = codes["segment"][segment]["label"] + (f", {region}" if several else "")
        gwh = leaves[0].factors[0]
        subtotal = _number(sum(leaf.value for leaf in leaves))
        branch = tree.add(f"[bold]{escape(name)}[/bold]  {subtotal} kt in {_number(gwh.value)} GWh")
        _add_rows(branch, gwh)
        for leaf in leaves:
            silicon = f" with {leaf.silicon:.0%} Si" if leaf.silicon else ""
            product = " × ".join(f"{factor.value:.6g} {factor.unit}".removesuffix(" 1") for factor in leaf.factors)
            chemistry = codes["chemistry"][leaf.chemistry]["label"]
            twig = branch.add(f"{escape(chemistry + silicon)}  {leaf.value:.4g} kt = {product}")
            for factor in leaf.factors[1:]:
                _add_rows(twig, factor)
    console = _console()
    console.print(tree)
    used = told.rows()
    sources = result["sources_used"].set_index("source")["citation"]
    keys = dict.fromkeys(key for text in used["source"] for key in str(text).split(";"))
    console.print("\n[bold]Sources[/bold]")
    for key in keys:
        console.print(escape(f"  {key}: {sources.get(key, 'our assumption; the reasoning is in the note of the row')}"))
    grades = ", ".join(f"{count} {quality}" for quality, count in used["quality"].value_counts().items())
    console.print(f"{len(used)} rows ({grades}); the leaves re-add to the number.")


def _add_rows(branch: Any, factor: Factor) -> None:
    """Rows of a factor: what each says, where it stands, and where it was read or why it is assumed."""
    from rich.markup import escape

    for row in factor.rows:
        year = f" in {int(row['year'])}" if row["year"] == row["year"] and row["year"] != "" else ""
        filled = f" ({factor.fill})" if factor.fill in ("linear", "hold") else ""
        place = f"{row['file']}:{int(row['line'])}"
        assumed = row["quality"] == "assumed"
        origin = row["note"] if assumed else f"{row['source'].replace(';', ', ')}; {row['locator']}"
        mended = f"; corrected by {row['corrected_by']}" if row["corrected_by"] else ""
        words = f"{factor.name} {float(row['value']):.6g}{year}{filled}: {place} [{row['quality']}] {origin}{mended}"
        branch.add(f"[dim]{escape(words)}[/dim]")
