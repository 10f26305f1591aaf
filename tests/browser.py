"""Headless Chromium for tests of pages: what it is started with, and why a test is skipped where it is not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

#: Flags of a browser that asks nothing of anybody, as root in a container too.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = "no Chromium with its driver here; as root on Debian: apt-get install chromium chromium-driver"


def skip_without_browser() -> None:
    """Skip a test where there is no browser to run it in, and say how to get one."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip(MISSING)


@contextmanager
def browser(width: int = 1440) -> Iterator[Any]:
    """A browser whose window is so many pixels wide, with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={max(width, 500)},1000"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        try:
            size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            yield driver
        finally:
            driver.quit()


def open_page(driver: Any, page: Path, fragment: str = "") -> None:
    """Open a file; a new fragment alone would not load it again."""
    driver.get("about:blank")
    driver.get(page.as_uri() + fragment)


def requests_of(driver: Any) -> list[str]:
    """Addresses that the page asked for since they were last asked for here."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def quiet_and_within(driver: Any, page: Path, width: int) -> None:
    """Hold that a page just opened asked for nothing but itself, said nothing, and is as wide as the window."""
    assert not driver.get_log("browser")
    asked = [each for each in requests_of(driver) if not each.startswith(("about:", "data:", "chrome:"))]
    assert asked == [page.as_uri()]
    assert driver.execute_script("return document.documentElement.scrollWidth") == width


def serious(driver: Any) -> list[tuple[str, str, list[str]]]:
    """What axe-core finds against the rules of access that is serious or worse."""
    import axe_core_python

    driver.execute_script((Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = driver.execute_async_script("axe.run(document).then(arguments[0])")
    return [(each["id"], each["help"], [node["html"][:200] for node in each["nodes"][:3]])
            for each in found["violations"] if each["impact"] in ("serious", "critical")]  # fmt: skip
