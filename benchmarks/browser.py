"""How a report of many findings behaves in a real browser: from its opening, a keystroke and a sort to the paint.

    python -m benchmarks.browser [--findings 5000] [--rounds 5]

The median of some rounds, in milliseconds, the pause of 120 ms after the last key included. A paint is over when the
frame after it begins (two animation frames). A tenth of a second feels immediate, a second keeps the thought (Nielsen
1993).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.reports import worlds
from upgrader.report.present import present
from upgrader.report.render import render

PAINTED = """async act => { const shown = document.getElementById('shown');
  const changed = act.waits
    ? new Promise(done => new MutationObserver(done).observe(shown, {childList: true})) : null;
  const begun = performance.now(); act.go(); await changed;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - begun; }"""
ACTS = {
    "filter, one letter": "value('w')",
    "filter, few rows left": "value('prod/web-4711')",
    "filter, all rows again": "value('')",
    "sort by Service": "document.querySelector('th[data-sort] button').click()",
    "sort by outcome": "document.querySelectorAll('th[data-sort] button')[1].click()",
}
TYPE = """const value = text => { const field = document.getElementById('filter-text');
  field.value = text; field.dispatchEvent(new Event('input')); };"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--findings", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    plan = worlds.large(asked.findings)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(render(present(plan), "html"), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(asked.rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            timing = "performance.getEntriesByType('navigation')[0]"
            found.setdefault("open, to the first paint", []).append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
            found.setdefault("open, all of it", []).append(page.evaluate(f"{timing}.loadEventEnd"))
            for name, act in ACTS.items():
                found.setdefault(name, []).append(_timed(page, act))
            page.close()
        browser.close()
    print(f"{asked.findings} findings, median of {asked.rounds}")
    for name, times in found.items():
        print(f"{name:<26} {statistics.median(times):7.0f} ms   worst {max(times):6.0f} ms")


def _timed(page: Any, act: str) -> float:
    measure: Callable[[str], float] = page.evaluate
    waits = "true" if act.startswith("value(") else "false"
    return measure(f"async () => {{ {TYPE} return await ({PAINTED})({{waits: {waits}, go: () => {{ {act} }}}}); }}")


if __name__ == "__main__":
    main()
