"""matplotlib as charts need it: loaded whatever the environment asks of it, and without words of its own.

What matplotlib has to say is about fonts, caches and windows. Charts find their fonts themselves, say which letters no
font has, and open no window; so its words would only stand between those of a run.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from minerals.errors import UsageError, interrupted

_LOADING = Lock()


def load() -> None:
    """Import matplotlib and its fonts. Raises UsageError where it cannot be imported.

    MPLBACKEND names what shows windows. It is set aside while matplotlib is imported, which would refuse a name that it
    does not know, and handed on afterwards for what the user shows in the same process.
    """
    if "matplotlib.font_manager" in sys.modules:
        return
    with _LOADING, quiet(), _without_words_of_other_programs():
        shown_by = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
        try:
            import matplotlib
            import matplotlib.font_manager
        except Exception as error:
            if interrupted(error):
                raise
            why = f"matplotlib cannot be loaded ({type(error).__name__}: {error})"
            raise UsageError(f"{why}; mend its settings (a file matplotlibrc), or install it again") from error
        finally:
            if shown_by is not None:
                os.environ["MPLBACKEND"] = shown_by
        if shown_by:
            with suppress(ValueError):
                matplotlib.rcParams["backend"] = shown_by


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what matplotlib and fontTools log and warn of from standard error.

    Whoever set up logging or filters of warnings still gets it, but for warnings of letters that no font has: those
    letters are said once, for all charts.
    """
    logs, silence = [logging.getLogger(name) for name in ("matplotlib", "fontTools")], logging.NullHandler()
    for log in logs:
        log.addHandler(silence)
    try:
        with warnings.catch_warnings():
            # Behind all other filters, so that a caller who wants warnings, or errors in their place, has them.
            warnings.simplefilter("ignore", append=True)
            warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
            yield
    finally:
        for log in logs:
            log.removeHandler(silence)


@contextmanager
def _without_words_of_other_programs() -> Iterator[None]:
    """Keep standard error from programs that are started meanwhile: fontconfig, which lists fonts, complains there of
    caches and settings that it does not need."""
    try:
        before = os.dup(2)
    except OSError:  # Standard error is closed.
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
