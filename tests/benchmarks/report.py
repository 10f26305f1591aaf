"""The page of europe-2035: how large it is, how long it takes to make, to be seen, and to answer a slider.

Times of the browser are those of headless Chromium on this machine, from a file; a redraw is the script's own work and
the layout that follows.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import common

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import browser, open_page

from minerals.api import draw, report
from minerals.charts import suited
from minerals.studies.run import run

#: Moves of a slider that are timed.
MOVES = 200
PAINT = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
REDRAW = """
const slider = document.querySelector('[data-group="Na-ion"]'), times = [];
for (let move = 0; move < arguments[0]; move++) {
  const start = performance.now();
  slider.value = String(5 + (move % 20));
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  document.documentElement.getBoundingClientRect();
  times.push(performance.now() - start);
}
return times;
"""


def main() -> None:
    verdict = common.Verdict()
    with TemporaryDirectory() as place:
        folder, page = Path(place) / "europe-2035", Path(place) / "europe-2035.html"
        result = run("europe-2035")
        result.write(folder)
        for name in suited(result):
            draw(result, name).write(folder / "charts")
        start = time.process_time()
        report(folder, page)
        verdict.tell("made in", time.process_time() - start, "s of processor time")
        verdict.say("size", page.stat().st_size / 1e6, "MB", 1.2, at_most=True)
        with browser() as driver:
            open_page(driver, page)
            time.sleep(1)
            verdict.say("first paint", driver.execute_script(PAINT) / 1e3, "s", 1, at_most=True)
            times = sorted(driver.execute_script(REDRAW, MOVES))
            # As of other timings the quickest count: what else runs on the machine only adds to them.
            verdict.say("slider to redraw, a tenth within", times[MOVES // 10], "ms", 16, at_most=True)
            verdict.tell("slider to redraw, median", statistics.median(times), "ms")
    verdict.end()


if __name__ == "__main__":
    main()
