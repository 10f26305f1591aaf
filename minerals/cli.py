"""The command line. Results go to standard output, words about them to standard error.

Heavy modules are imported inside the commands, so that `minerals --help` answers at once.
"""

from __future__ import annotations

import _thread
import codecs
import errno
import json
import os
import re
import shutil
import signal
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from . import completion, haste
from .errors import Exhausted, InputError, MineralsError, Notice, UsageError, interrupted, listed, readable
from .text import folded

if TYPE_CHECKING:
    import pandas as pd

    from .columns import Columns
    from .results.result import Result

#: Signals that end a command cleanly, and what each is called. The exit code is 128 and the number of the signal: 130
#: interrupted, 143 terminated, 129 for a terminal that was closed.
ENDING = {
    name: words
    for name, words in (("SIGINT", "Interrupted"), ("SIGTERM", "Terminated"), ("SIGHUP", "Ended with its terminal"))
    if hasattr(signal, name)
}
#: Exit code of `validate` where a row is outside its bounds, and of `doctor` where something does not work.
DRIFTED = 1
NOTHING_LOST = "nothing is left half-written. Run the same command again; a study goes on where it was."
#: What stands for a character that the reader's encoding does not have.
PLAIN = {
    "−": "-", "–": "-", "×": "x", "…": "...", "→": "->", "’": "'", "“": '"', "”": '"', "\u202f": " ",
    "·": "*", "≤": "<=", "≥": ">=", "≠": "!=", "∈": "in", "Σ": "sum", "Π": "prod", "∀": "for all", "∞": "inf",
}  # fmt: skip
#: Seconds between two lines about how far a study is, where they are no terminal's, and letters of the terminal's one.
SELDOM, ONE_LINE = 10.0, 60
#: How a sentence ends on demand that no row tells, which is never folded away.
NONE = "counted as none"
#: Seconds after which a signal that Python has swallowed is sent again.
AGAIN = 0.01
#: Fills are cut to this many characters on screen, or to its width; the record holds them whole.
FILL = 110


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
    Own:      minerals new my-study
    Look:     minerals compare runs/europe-2035
    Trust:    minerals explain runs/europe-2035 --mineral graphite
    Expose:   minerals explain runs/europe-2035 --disruption china-graphite-anode
    Stress:   minerals stress runs/europe-2035.toml
    Hand on:  minerals report runs/europe-2035
    Check:    minerals validate
    Read:     minerals guide
    """
    context.obj = debug


#: Of every command that reads a run file.
_sets = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=completion.changes,
    help="Change a key of the run file, e.g. scope.years.last=2040.",
)
#: Of every command that reads the tables.
_inputs = click.option(
    "--inputs",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Folder of own rows on top of the shipped tables, or of a whole package; repeat it for more.",
)


def _command(function: Callable[..., None]) -> Any:
    """A subcommand whose errors are shown as sentences with the right exit code; with --debug, with the traceback."""

    @cli.command(name=function.__name__.rstrip("_"))
    @click.pass_context
    @wraps(function)
    def guarded(context: click.Context, *args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except (click.ClickException, click.exceptions.Exit, click.exceptions.Abort):
            raise
        except BrokenPipeError:
            _set_aside(sys.stdout)  # Here, because click would exit with 1.
            context.exit(0)
        except Exception as error:
            if interrupted(error) or _ended_by:
                raise KeyboardInterrupt from error
            if context.obj:
                raise
            context.exit(_say(error))

    return guarded


@_command
@click.argument("file", shell_complete=completion.run_files)
@click.option("--out", type=click.Path(path_type=Path), help="Result folder [default: runs/<name of the run file>].")
@_sets
@_inputs
@click.option("--force", is_flag=True, help="Replace a folder that holds another run.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes of a study [default: study.workers].")
@click.option("--cluster", default="", metavar="ADDRESS", help="Scheduler whose workers compute a study instead.")
def run(
    file: str, out: Path | None, sets: tuple[str, ...], inputs: tuple[Path, ...], force: bool, **hands: Any
) -> None:
    """Compute a run FILE: tables, record and charts into a folder, a summary on screen.

    FILE is a run file, the name of a shipped one, or the record.json of a result, which repeats its run.

    A [study] is worked on by --workers processes of this machine, or with dask.distributed by a --cluster; no result
    hangs on them, and an interrupted study goes on with the same command.

    A folder that holds the same run is replaced. Charts drawn into it later are kept; any other file of yours in it
    is never removed: the command stops and names it.
    """
    from .drawing import ahead

    with ahead(file, sets):
        from . import api

        config = api.read_run(file, sets, inputs)
        folder = out or Path("runs") / config.name
        result = api.run(config, inputs=inputs, out=folder, force=force, progress=_Progress(), **hands)
    from .results import compare as comparison
    from .results.result import unlisted

    _print_comparison(result, comparison.compare(result))
    _print_more(result)
    _notes(result)
    if kept := unlisted(folder):
        charts = dict.fromkeys(file.partition(".")[0] + ".*" for file in kept)
        _words(f"Kept: {listed(charts, 6)}; draw again what should show this run.")
    _undrawn(result)
    _words(f"Written to {folder}")


@_command
@click.argument("file", shell_complete=completion.run_files)
@click.option("--out", type=click.Path(path_type=Path), help="Result folder [default: runs/<name>-stress].")
@_sets
@_inputs
@click.option("--force", is_flag=True, help="Replace a folder that holds another run.")
@click.option("--top", type=click.IntRange(1, 1000), default=12, show_default=True, help="Suppliers shown.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that draw intervals [default: this one].")
@click.option("--cluster", default="", metavar="ADDRESS", help="Scheduler whose workers draw them instead.")
def stress(
    file: str, out: Path | None, sets: tuple[str, ...], inputs: tuple[Path, ...], force: bool, top: int, **hands: Any
) -> None:
    """Stress a run FILE with [exposure]: which supplier's stop costs the most GWh.

    Plays the library of disruptions, every country that supplies a node (N-1), pairs of the worst (N-2), and events
    that last, with the stockpile running down. Says which suppliers' stops are large enough for the library.
    """
    from .drawing import ahead

    with ahead(file, sets):
        from . import api

        config = api.read_run(file, sets, inputs)
        folder = out or Path("runs") / f"{config.name}-stress"
        result = api.stress(config, inputs=inputs, out=folder, force=force, progress=_Progress(), **hands)
    from .results.screen import by_rule, lasting, risks, suppliers, worlds

    _title(result)
    width = _width()
    tables = (risks(result, width), worlds(result, width), *suppliers(result, top, width), by_rule(result, width))
    for lines in (*tables, lasting(result, width)):
        for line in [*lines, ""] if lines else []:
            _out(line)
    _caveats(result)
    _own_rows(result)
    _undrawn(result)
    _words(f"Written to {folder}")


@_command
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--base", help="Scenario the others are compared with [default: the first].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--region", help="One region [default: the sum of all].")
@click.option("--quantity", default="mineral_demand", help="mineral_demand, primary_demand, secondary_supply, input …")
@click.option("--unit", default="kt", help="Of mass: t, Mt, or of a compound that holds a mineral, as 'kt LCE'.")
@click.option("--json", "as_json", is_flag=True, help="The table as JSON, at full precision.")
def compare(folders: tuple[Path, ...], base: str | None, year: int | None, region: str | None, quantity: str,
            unit: str, as_json: bool) -> None:  # fmt: skip
    """Compare the scenarios of a result FOLDER: kt by mineral, change in per cent.

    Of several folders the scenarios that all have are compared, folder by folder, with what differs between the runs.
    """
    from . import api

    runs = api.named(folders)
    first = next(iter(runs.values()))
    table = api.compare(runs if len(runs) > 1 else first, base, year, region, quantity, unit=unit)
    if as_json:
        _out(_as_json(table.assign(region=region or first.record["region_label"], quantity=quantity)))
    elif len(runs) > 1:
        from .results.side_by_side import differences, lines

        place = f"{region or first.record['region_label']}, {table['year'].iloc[0]}; changes against {next(iter(runs))}"
        for line in [*lines(table, runs, place, _width()), ""]:
            _out(line)
        for line in differences(runs):
            _prose(line)
    else:
        _print_comparison(first, table, base, year, region, quantity, unit)
        _caveats(first)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--mineral", help="Mineral demand to explain, e.g. graphite.")
@click.option("--disruption", help="Or: GWh at risk of a disruption, e.g. china-graphite-anode.")
@click.option("--node", help="Or: concentration of a node of the chain, e.g. graphite_anode.")
@click.option("--region", help="Region [default: the sum of all; of a disruption, all outside what closes].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--scenario", help="Scenario [default: the first].")
def explain(
    folder: Path,
    mineral: str | None,
    disruption: str | None,
    node: str | None,
    region: str | None,
    year: int | None,
    scenario: str | None,
) -> None:
    """Follow one number of a result FOLDER to the rows and sources it rests on.

    One of --mineral, --disruption and --node says which. Each row is spelled out where it first serves; after that it
    is only named.
    """
    chosen_options = {"mineral": mineral, "disruption": disruption, "node": node}
    named = [f"--{name}" for name, value in chosen_options.items() if value is not None]
    if len(named) != 1:
        what = f"{' and '.join(named)} were given" if named else "none was"
        raise UsageError(f"explain one thing at a time: --mineral, --disruption or --node; {what}")
    from rich.console import Console

    from . import api
    from .results.tree import demand_tree
    from .results.tree_exposure import node_tree, risk_tree

    result = api.load(folder)
    found = api.explain(result, mineral, region, year, scenario, disruption=disruption, node=node)
    teller: Callable[[Any, Any], Any] = demand_tree if mineral else risk_tree if disruption else node_tree
    console = Console(width=_width(), highlight=False, color_system=None if _plain() else "auto")
    _written(lambda: console.print(teller(result, found)))


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("name", default="demand_by_mineral", shell_complete=completion.chart_names)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the bundle [default: FOLDER/charts].")
@click.option("--size", type=click.Choice(["brief", "slide"]), help="[default: brief]")
@click.option("--title", help="Your own title instead of the computed finding; it is recorded as yours.")
@click.option("--region", help="Region [default: the sum of all].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--since", type=int, help="First year drawn, where years are.")
@click.option("--base", help="Scenario compared against [default: the first].")
@click.option("--scenario", help="The scenario drawn, where there is one.")
@click.option("--mineral", "minerals", multiple=True, help="Mineral drawn; repeat it for more.")
@click.option("--family", help="Family of cells drawn, or all.")
@click.option("--quantity", help="Quantity whose inputs are asked for.")
def chart(folder: Path, name: str, out: Path | None, minerals: tuple[str, ...], **options: Any) -> None:
    """Draw the chart NAME of a result FOLDER as png, svg, pdf, csv, json and alt text.

    NAME is one of those that `minerals run` wrote into FOLDER/charts, e.g. chokepoints or stress; an unknown name lists
    all. An option that does not fit it is refused.
    Files are named after the chart and the options given, e.g. demand_by_mineral-slide-2040.png, and stay when the run
    is repeated into the folder.
    """
    from . import api

    chosen_options = {key: value for key, value in options.items() if value is not None}
    if len(minerals) == 1 and "mineral" in api.chart_options(name):
        chosen_options["mineral"] = minerals[0]
    elif minerals:
        chosen_options["minerals"] = minerals
    bundle = api.draw(folder, name, **chosen_options)
    target = out or folder / "charts"
    bundle.write(target)
    _lacking(bundle.lacking)
    _out(str(target / f"{bundle.meta.name}.png"))


@_command
@click.argument("chemistry")
@click.option("--silicon", type=float, help="Mass fraction of silicon in the anode [default: the chemistry's].")
@click.option("--np", "n_over_p", type=float, help="Capacity of the anode over that of the cathode.")
@click.option("--capacity", "cathode_capacity", type=float, help="Practical capacity of the cathode, mAh/g.")
@click.option("--foil", "lithium_foil", type=float, help="Thickness of a lithium-metal anode, µm.")
@click.option("--excess", "lithium_excess", type=float, help="Or its capacity over that of the cathode.")
@click.option("--oxide", is_flag=True, help="The silicon is an oxide: its fraction is of SiO.")
@click.option("--solid", default="", help="Solid electrolyte: sulfide, oxide or polymer.")
@click.option(
    "--set", "sets", multiple=True, metavar="NUMBER=VALUE", help="Any other number, e.g. cathode_voltage=3.9."
)
@_inputs
def cell(
    chemistry: str,
    silicon: float | None,
    sets: tuple[str, ...],
    inputs: tuple[Path, ...],
    oxide: bool,
    solid: str,
    **numbers: Any,
) -> None:
    """Derive the cell of a CHEMISTRY: its bill of materials per kWh beside the literature, and what decides it."""
    from . import api

    changes = {name: value for name, value in numbers.items() if value is not None}
    for text in sets:
        name, _, value = text.partition("=")
        try:
            changes[name.strip()] = float(value)
        except ValueError:
            raise UsageError(f"--set {text}: expected a number of the cell and its value, as n_over_p=1.05") from None
    blend = "silicon_oxide" if oxide else "silicon"
    for line in api.cell_sheet(chemistry, silicon, changes, inputs, blend, solid, width=_width()):
        _prose(line)


@_command
@click.argument("what", default="inputs", shell_complete=completion.run_files)
@_sets
@_inputs
def check(what: str, sets: tuple[str, ...], inputs: tuple[Path, ...]) -> None:
    """Check input tables or a run file without computing: all problems at once.

    WHAT is a folder of input tables, or a run file; by default the shipped inputs.
    """
    from . import api
    from .results.screen import cut

    sound, *fills = api.check(what, set=sets, inputs=inputs)
    _prose(sound)
    for sentence in fills:
        _prose(f"  {cut(sentence, _room() - 2, '…')}")


@_command
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for validation.csv, figure_17_family.csv and charts/validation.*",
)
@click.option("--size", type=click.Choice(["brief", "slide"]), help="Of the chart in --out. [default: brief]")
def validate(out: Path | None, size: str | None) -> None:
    """Hold the model against results that others published: ours, theirs, ratio, verdict.

    "differs" is a disagreement that is known: the reason follows. A row that has left the bounds in which it was
    measured is "outside" and makes the exit code 1. Below stands what figure 17 of the report hangs on: the same two
    scenarios with another sub-mix, other lithium in Li-S, other demand for storage, and with derived cells.
    """
    from . import api
    from .results.verdicts import family_lines, lines, summary

    result = api.validate(out=out, size=size)
    for line in lines(result["validation"], _width()):
        _out(line)
    _out("")
    for line in family_lines(result["figure_17_family"], _width()):
        _out(line)
    for line in summary(result["validation"]):
        _words(line)
    if out is not None:
        _words(f"Written to {out}")
    if (result["validation"]["verdict"] == "outside").any():
        click.get_current_context().exit(DRIFTED)


@_command
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "table", help="Table that its rows become, e.g. battery_demand; a workbook of tables needs none.")
@click.option(
    "--map", "columns", multiple=True, metavar="COLUMN=HEADER", help="Column of the table, and its header there."
)
@click.option(
    "--set", "fixed", multiple=True, metavar="COLUMN=VALUE", help="What is the same in all rows, e.g. unit=GWh."
)
@click.option(
    "--word", "words", multiple=True, metavar="WORD=CODE", help="A word there, and its code; none leaves it out."
)
@click.option("--sheet", default="", help="Sheet of a workbook [default: its only one, or the one named as the table].")
@click.option("--decimal", type=click.Choice([".", ","]), help="Mark of decimals, where the figures do not tell.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("my-data"), show_default=True, help="Folder of own rows."
)
@click.option("--force", is_flag=True, help="Replace a table that is there.")
@_inputs
def import_(file: Path, table: str | None, out: Path, force: bool, **options: Any) -> None:
    """Import a FILE as own rows: CSV or a workbook, long, with years across, or IAMC.

    Merged headers, a line of units, thousands separators, decimal commas and names in words are read, and what was done
    is told; what can be read in two ways is refused. The rows count in a run that names the folder:
    inputs = ["my-data"], or --inputs my-data.
    """
    from . import api

    for line in api.import_rows(file, table, out=out, force=force, **options):
        _prose(line)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--xlsx", type=click.Path(path_type=Path), help="Workbook for the input rows that the result rests on.")
@click.option("--iamc", type=click.Path(path_type=Path), help="File for the result in the IAMC layout, .csv or .xlsx.")
@click.option("--wide", type=click.Path(path_type=Path), help="Folder for its tables with years across.")
@click.option("--force", is_flag=True, help="Replace what an earlier export wrote.")
@_inputs
def export(folder: Path, inputs: tuple[Path, ...], force: bool, **targets: Path | None) -> None:
    """Export a result FOLDER to other programs: its inputs as a workbook, its numbers as IAMC or with years across.

    The workbook has a sheet for each table; `minerals import` takes it back as own rows, changed or not.
    """
    from . import api

    for line in api.export(folder, **targets, inputs=inputs, force=force):
        _prose(line)


@_command
@click.argument("name", required=False, shell_complete=completion.names)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with equations of the mix in LaTeX.")
def describe(name: str | None, as_json: bool) -> None:
    """Say what a NAME means: a quantity, table, chemistry, mineral, region, segment, scenario, source, constraint or
    objective of the mix, or key of a run file. Of a group of names, as `keys`, list all; without a name, the groups.
    """
    from . import api

    (_out if as_json else _prose)(api.describe(name, as_json=as_json, width=_width()))


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--scenario", help="Scenario [default: the last].")
@click.option("--year", type=int, help="Year [default: the last].")
@click.option("--json", "as_json", is_flag=True, help="The table as JSON, at full precision.")
def sources(folder: Path, scenario: str | None, year: int | None, as_json: bool) -> None:
    """Say what the headlines of a result FOLDER rest on: sources with their licences, grades, and how much of each."""
    from . import api
    from .results.sources import lines, rests_on

    result = api.load(folder)
    table = rests_on(result, scenario, year)
    for line in [_as_json(table)] if as_json else lines(result, table, _width()):
        _out(line)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--bibtex", is_flag=True, help="Entries of the run and all its sources, for a bibliography.")
def cite(folder: Path, bibtex: bool) -> None:
    """Say how to cite a result FOLDER: what was computed, with which version, from which sources."""
    from . import api
    from .results import cite as citation

    result = api.load(folder)
    _out(citation.bibtex(result)) if bibtex else _prose(citation.text(result))


@_command
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Begin a study of your own in a new FOLDER: a run file, a place for your rows, and the schema for your editor."""
    from .starting import begin

    run, *others = begin(folder)
    for file in (run, *others):
        _out(str(file))
    _words(f"Compute it with: minerals run {run}")


@_command
def doctor() -> None:
    """Try each thing that a run needs, and say what to do where it does not work; the exit code is then 1."""
    from .doctor import findings

    broken = False
    for finding in findings():
        broken |= not finding.works
        for line in finding.lines(_width()):
            _out(line)
    if broken:
        click.get_current_context().exit(DRIFTED)


@_command
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The file [default: FOLDER.html, beside it].")
def report(folder: Path, out: Path | None) -> None:
    """Write a result FOLDER as one HTML page that opens without network: findings, charts, method, sources.

    The charts are those of the folder, also those that `minerals chart` drew into it later.
    """
    from . import api

    target = out or folder.resolve().with_name(f"{folder.resolve().name}.html")
    api.report(folder, target)
    _out(str(target if out else folder.parent / target.name))


@_command
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("guide.html"), show_default=True, help="The file."
)
def guide(out: Path) -> None:
    """Write the guide as one HTML page that opens without network: method with equations, commands, keys, tables,
    quantities.
    """
    from .report.document import write
    from .report.guide import page

    write(page(cli), out)
    _out(str(out))


def main() -> None:
    """Entry point. Exit codes: 0 fine, 2 usage, 3 bad input, 4 infeasible, 5 solver failed, 6 short of memory,
    processes or open files, or without its cluster, 129 terminal closed, 130 interrupted, 143 terminated.

    1 is a bug of ours: one sentence says so, and --debug shows the traceback. `validate` exits 1 where the model has
    left the bounds of a published result. The process ends with this; programs in Python call `minerals.api`.
    """
    code = 1  # of an error that is raised, as with --debug
    haste.leave_at_once(lambda: code)
    haste.collect_seldom()
    haste.load_no_plugins()
    haste.multiply_on_one_thread()
    _open_closed_streams()
    _fall_back_to_plain_characters()
    _end_cleanly_by_signals()
    _print_notices()
    try:
        code = _exit_code()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
        raise
    sys.exit(code)


def _exit_code() -> int:
    """Do what the command line says, and return the exit code."""
    try:
        code = cli.main(standalone_mode=False)
        _flush()
    except click.ClickException as error:
        try:
            error.show(sys.stderr)
        except OSError:
            _set_aside(sys.stderr)
        return error.exit_code
    except _StreamError as error:
        return _say(error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        words = ENDING[_ended_by[0]] if _ended_by else "Interrupted"
        _words(f"{words}; {NOTHING_LOST}")
        return 128 + (signal.Signals[_ended_by[0]] if _ended_by else signal.SIGINT)
    except BrokenPipeError:
        _set_aside(sys.stdout)
        return 0
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        _set_aside(sys.stdout)  # Help, which click prints by itself.
        return _say(error)
    return code if isinstance(code, int) else 0


# ---------------------------------------------------------------------- streams and signals


class _StreamError(UsageError):
    """Standard output took no more; what was computed is in its folder."""


class _Ended(KeyboardInterrupt):
    """A signal of ENDING. Not KeyboardInterrupt itself: where one meets source that is being executed as text, as when
    a dataclass is made, Python ends the process by SIGINT at the end, whatever became of it (3.11 to 3.13)."""


#: The signal of ENDING that is ending this command.
_ended_by: list[str] = []


def _end_cleanly_by_signals() -> None:
    """Let the signals of ENDING unwind the command as an interrupt does, unless somebody has them ignored."""

    for name in ENDING:
        if signal.getsignal(signal.Signals[name]) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(signal.Signals[name], _end)
    sys.unraisablehook = partial(_not_swallowed, sys.unraisablehook)


def _end(number: int, _: object) -> None:
    # A second one would cut the cleaning up short; whoever interrupts twice means that.
    for name in ENDING if number != signal.SIGINT else ():
        signal.signal(signal.Signals[name], signal.SIG_IGN)
    _ended_by.append(signal.Signals(number).name)
    raise _Ended


def _not_swallowed(report: Callable[[Any], Any], unraisable: Any) -> None:
    """Send a signal again that came where Python reports an error and goes on, as in the callback of each import;
    report other errors as before."""
    if not issubclass(unraisable.exc_type or Exception, KeyboardInterrupt):
        report(unraisable)
        return
    number = signal.SIGINT
    if _ended_by:
        number = signal.Signals[_ended_by.pop()]
        signal.signal(number, _end)
    main = _thread.get_ident()

    def again() -> None:
        time.sleep(AGAIN)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, number)
        else:
            _thread.interrupt_main(number)

    _thread.start_new_thread(again, ())


def _open_closed_streams() -> None:
    """Give the process the standard streams that its caller has closed, leading nowhere.

    Otherwise the next file that is opened would be one, and get what a library prints.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # The lowest free number is this one.
        if number and hasattr(os, "set_blocking"):
            os.set_blocking(number, True)  # Else what a slow reader does not take at once is lost.
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _set_aside(stream: TextIO) -> None:
    """Let a stream that takes no more lead nowhere, so that Python does not fail on it at the end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # A stream in memory, as tests have.
        return


def _out(text: str) -> None:
    """A line of the result. The stream is named because click would write UTF-8 to one that says it is ASCII."""
    _written(lambda: click.echo(text, file=sys.stdout))


def _prose(text: str) -> None:
    """Sentences of the result, folded where a width is known."""
    for line in _folded(text):
        _out(line)


def _title(result: Result) -> None:
    for line in _folded(result.record["title"]):
        _out(line if _plain() else click.style(line, bold=True))


def _plain() -> bool:
    """Whether the reader wants no styles, on a terminal either (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def _flush() -> None:
    _written(sys.stdout.flush)


def _written(write: Callable[[], None]) -> None:
    """Write to standard output. Raises BrokenPipeError, and _StreamError where it takes no more."""
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        _set_aside(sys.stdout)
        why = "what was computed is whole in its folder, the words about it are cut short"
        raise _StreamError(f"standard output: {error.strerror or error}; {why}") from error


def _words(text: str) -> None:
    """Sentences about the result. Where standard error takes no more, the words are lost and nothing else is."""
    try:
        click.echo("\n".join(_folded(text)), file=sys.stderr)
    except OSError:
        _set_aside(sys.stderr)


def _print_notices() -> None:
    """Print what is said of a run that goes on as a sentence, and other warnings as Python does."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *words: Any) -> None:
        if issubclass(category, Notice):
            _words(str(message))
        else:
            usual(message, category, *words)

    warnings.showwarning = show  # type: ignore[assignment]
    warnings.simplefilter("always", Notice)


class _Progress:
    """Says how far a study is and how long it still takes, as long as what is left takes as what this command has done:
    on one line of a terminal, else in lines of their own, of which there are no more than one in SELDOM seconds."""

    def __init__(self) -> None:
        self.on_one_line = sys.stderr.isatty()
        self.before = self.done = self.whole = 0
        self.begun = self.last_said = time.monotonic()

    def __call__(self, done: int, whole: int) -> None:
        now = time.monotonic()
        if whole != self.whole or done < self.done:  # Another study, or its first call.
            self.before, self.whole, self.begun, self.last_said = done, whole, now, now
            if 0 < done < whole:
                self._say(f"Going on: {done:,} of {whole:,} were done before.")
        self.done = done
        if self.on_one_line:
            self._show(self._text(now))
        elif done < whole and now - self.last_said >= SELDOM:
            self.last_said = now
            self._say(f"{self._text(now)}.")

    def _text(self, now: float) -> str:
        if self.done == self.whole:
            return ""
        text = f"{self.done:,} of {self.whole:,} done"
        if self.done == self.before:
            return text
        left = (now - self.begun) * (self.whole - self.done) / (self.done - self.before)
        return f"{text}, about {_in_words(left)} left"

    def _say(self, text: str) -> None:
        if self.on_one_line:
            self._show("")
        _words(text)

    def _show(self, text: str) -> None:
        try:
            click.echo(f"\r{text:<{ONE_LINE}}\r", nl=False, file=sys.stderr)
        except OSError:
            _set_aside(sys.stderr)


def _in_words(seconds: float) -> str:
    """A time to wait, `40 s`, `3 min`, `2 h`."""
    for unit, name in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _say(error: Exception) -> int:
    """Say an error in a sentence; returns its exit code."""
    if short := _shortage(error):
        _words(f"{short}; nothing that was finished is lost: run the same command again")
        return Exhausted.exit_code
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        way_out = ROOM if error.errno in FULL else "check the path and who may read and write it"
        _words(f"{place}{error.strerror or error}; {way_out}")
        return UsageError.exit_code
    if not isinstance(error, MineralsError):
        why = "this is a bug; run again with --debug for the traceback (minerals --debug …)"
        _words(f"{type(error).__name__}: {error}: {why}")
        return 1
    for line in str(error).splitlines():
        _words(readable(line))
    if isinstance(error, InputError):
        _words(f"{error.count}; nothing was written.")
    return error.exit_code


#: Errors of a disk that takes no more, and what to do.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ROOM = "make room, or choose another place with --out; what a study has finished is kept: run the same command again"
#: What the machine is short of, by the number of the system's error and by what is said of it.
MEMORY = "There is too little memory for this command (free some, or take fewer regions, draws or study.workers)"
FILES = "Too many files are open for what this shell or machine allows (raise it with `ulimit -n`)"
PROCESSES = "The machine takes no more processes or threads (see `ulimit -u`)"
SHORTAGES = {
    errno.ENOMEM: MEMORY,
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.EAGAIN: PROCESSES,
}
#: Words with which libraries say it that give no number.
SAID = {"annot allocate memory": MEMORY, "failed to map segment": MEMORY, "can't start new thread": PROCESSES}


def _shortage(error: BaseException | None) -> str:
    """What the machine was short of, where that is what an error came from; nothing for any other."""
    while error is not None:
        if isinstance(error, MemoryError):
            return MEMORY
        # A stream that would block is full, and not short of processes, though its number is the same.
        if isinstance(error, OSError) and not isinstance(error, BlockingIOError) and error.errno in SHORTAGES:
            return SHORTAGES[error.errno]
        if isinstance(error, ImportError | RuntimeError):
            for words, shortage in SAID.items():
                if words in str(error):
                    return shortage
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ""


def _spelled(letter: str) -> str:
    """A character in plain ones: a Greek letter by its name, `?` for one that has none."""
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(letter, ""))
    name = greek[2].replace("LAMDA", "LAMBDA") if greek else "?"
    return PLAIN.get(letter) or (name.lower() if greek and greek[1] == "SMALL" else name.capitalize())


def _fall_back_to_plain_characters() -> None:
    """Let a stream whose encoding lacks a character print a plain one (− as -) instead of failing."""

    def plain(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        return "".join(map(_spelled, error.object[error.start : error.end])), error.end

    codecs.register_error("minerals.plain", plain)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="minerals.plain")


# ---------------------------------------------------------------------- screens


def _width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def _room() -> int:
    """Characters of a sentence that is cut on screen."""
    return min(FILL, shutil.get_terminal_size((FILL, 24)).columns)


def _folded(text: str) -> list[str]:
    """Lines of a text that fit the terminal, or what COLUMNS says; as they are where there is neither, so that a log
    holds each sentence on a line that can be searched."""
    width = shutil.get_terminal_size((0, 0)).columns
    return folded(text, width) if width else text.splitlines()


def _as_json(table: pd.DataFrame) -> str:
    """A table as JSON, a record for each row; what is missing is null."""
    rows = [{key: None if each != each else each for key, each in row.items()} for row in table.to_dict("records")]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _print_comparison(
    result: Result,
    table: Columns | pd.DataFrame,
    base: str | None = None,
    year: int | None = None,
    region: str | None = None,
    quantity: str = "mineral_demand",
    unit: str = "kt",
) -> None:
    from .results.screen import comparison

    place = f"{region or result.record['region_label']}, {year or result.record['years'][-1]}"
    place += f", {quantity.replace('_', ' ')}" if quantity != "mineral_demand" else ""
    _title(result)
    for line in comparison(result, table, base or result.scenarios[0], place, _width(), unit):
        _out(line)


def _print_more(result: Result) -> None:
    """What must be mined and refined, where stock and recycling were followed; intervals, where there was a study."""
    from .results.screen import intervals, open_changes, risks, supply

    for line in open_changes(result, _width()):
        _out(line)
    blocks = [supply(result, _width()), intervals(result, _width()), risks(result, _width())]
    if "identified" in result.tables:
        from .results.screen_identify import identified

        blocks.append(identified(result, _width()))
    if "grid" in result.tables:
        from .results.screen_grid import grid

        blocks.append(grid(result, _width()))
    if "mix" in result.record:
        from .results.screen_mix import mix
        from .results.screen_mix_studies import frontiers, near_optimal
        from .results.screen_variants import variants

        blocks += [*mix(result, _width()), variants(result, _width())]
        blocks += [near_optimal(result, _width()), frontiers(result, _width())]
    for lines in blocks:
        for line in ["", *lines] if lines else []:
            _out(line)


def _caveats(result: Result) -> None:
    """Each caveat once, with the scenarios it holds for where it does not hold for all; and where nothing is sold."""
    from .results.screen import without_batteries

    for line in without_batteries(result):
        _words(line)
    scenarios = result.record["scenarios"].values()
    for caveat in dict.fromkeys(entry["caveat"] for entry in scenarios if entry["caveat"]):
        labels = [entry["label"] for entry in scenarios if entry["caveat"] == caveat]
        whose = f" ({', '.join(labels)})" if len(labels) < len(scenarios) else ""
        _words(f"Caveat{whose}: {caveat}")
    for caveat in result.record.get("exposure", {}).get("caveats", ()):
        _words(f"Caveat of the GWh at risk: {caveat}")


def _own_rows(result: Result) -> None:
    """What own rows did to the tables, how many of them count in the result, and the first that replace others."""
    from .results.screen import replaced

    for each in result.record.get("own_rows", ()):
        used = f", {each['used']:,} used" if each["replaced"] or each["added"] else ""
        _words(f"Own rows: {each['words']}{used}.")
        for line in replaced(each):
            _words(line)


def _undrawn(result: Result) -> None:
    """Charts that were left out and why, and letters that charts show as boxes."""
    for sentence in result.record.get("left_out", ()):
        _words(f"Left out: {sentence}")
    _lacking(result.record.get("lacking", ""))


def _lacking(letters: str) -> None:
    if letters:
        _words(f"No font of this machine has {letters}: charts show boxes in their place; tables hold the letters.")


def _notes(result: Result) -> None:
    """Caveats of the scenarios, how many rows are assumed, and which years were filled."""
    from .results.screen import cut

    record = result.record
    _caveats(result)
    _own_rows(result)
    counts = record["rows_used"]
    graded = ", ".join(f"{count} {quality}" for quality, count in sorted(counts.items(), key=lambda item: -item[1]))
    _words(f"{sum(counts.values())} input rows used: {graded}.")
    if (study := record.get("study")) and study.get("draws"):
        _words(f"{study['draws']:,} draws; held at their values: {', '.join(study['held'])}.")
    for sentence in record.get("notes", ()):
        _words(sentence)
    for sentence in (each for each in record["fills"] if each.endswith(NONE)):
        _words(f"Caveat: {sentence}.")
    by_table: dict[str, list[str]] = {}
    for sentence in (each for each in record["fills"] if not each.endswith(NONE)):
        by_table.setdefault(sentence.partition(" ")[0], []).append(sentence)
    for sentences in by_table.values():
        more = f" (+{len(sentences) - 1} more, record.json)" if len(sentences) > 1 else ""
        _words(cut(f"Filled: {sentences[0]}", _room() - len(more), "…" if more else "… (record.json)") + more)
