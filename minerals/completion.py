"""What a shell completes: run files, keys of them, charts and names. Nothing is read that takes longer than a blink."""

from __future__ import annotations

from collections.abc import Iterable

from click import Context, Parameter
from click.shell_completion import CompletionItem

from .shipped import run_names

Items = list[CompletionItem]


def run_files(context: Context, parameter: Parameter, incomplete: str) -> Items:
    """Shipped run files by name, and files."""
    return [*_starting(run_names(), incomplete), CompletionItem(incomplete, type="file")]


def changes(context: Context, parameter: Parameter, incomplete: str) -> Items:
    """Keys of a run file with `=`, and behind it the values of a key that has few."""
    from .config.run_file import keys

    known = keys()
    path, equals, _ = incomplete.partition("=")
    if not equals:
        return _starting([f"{each}=" for each, key in known.items() if key.example], incomplete)
    return _starting([f"{path}={value}" for value in known[path].values] if path in known else [], incomplete)


def chart_names(context: Context, parameter: Parameter, incomplete: str) -> Items:
    """Charts by name."""
    from .charts import CHARTS

    return _starting(CHARTS, incomplete)


def names(context: Context, parameter: Parameter, incomplete: str) -> Items:
    """Everything that `describe` knows, and groups of it."""
    from .results.describe import named
    from .shipped import inputs_folder
    from .tables.inputs import read_inputs

    known = named(read_inputs(inputs_folder()))
    return _starting(dict.fromkeys([*known, *(name for group in known.values() for name in group)]), incomplete)


def _starting(words: Iterable[str], incomplete: str) -> Items:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]
