"""Where shipped inputs, run files, guides and published results are: next to the package in a checkout, else in the
wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _folder(name: str, checkout: str = "") -> Path:
    """A folder inside the wheel by its name, else its place in a checkout (by default of that name too)."""
    inside = PACKAGE / "shipped_files" / name
    return inside if inside.is_dir() else PACKAGE.parent / (checkout or name)


def inputs_folder() -> Path:
    """Folder of the shipped data package."""
    return _folder("inputs")


def runs_folder() -> Path:
    """Folder of the shipped run files."""
    return _folder("runs")


def published_file() -> Path:
    """The shipped table of results that others published."""
    return _folder("published", "tests/published") / "published.csv"


def guides_folder() -> Path:
    """Folder of the guides in Markdown."""
    return _folder("guides", "notebooks/guides")


def run_file(name: str | Path) -> Path | None:
    """The shipped run file of that name (`europe-2035`, `europe-2035.toml`, `runs/europe-2035.toml`), or the worked
    example at that place (`runs/own/japan/japan.toml`), or None, as of a name with another ending."""
    wanted = Path(name)
    if not wanted.name or wanted.is_absolute() or wanted.suffix not in ("", ".toml"):
        return None
    below = Path("own", wanted.stem)
    if wanted.parent not in (Path("."), Path("runs"), Path("runs") / below):
        return None
    try:
        folder = runs_folder() / below if wanted.parent == Path("runs") / below else runs_folder()
        found = folder / wanted.with_suffix(".toml").name
        return found if found.is_file() else None
    except (OSError, ValueError):  # A name that the system does not take, e.g. one too long.
        return None


def run_names() -> list[str]:
    """Names of the shipped run files, without ending."""
    return sorted(path.stem for path in runs_folder().glob("*.toml"))
