"""Makes the pictures of the README: the main pages with the two apps of examples/fastapi at work.

    target/test-venv/bin/python tests/browser/pictures.py

Needs what the tests beside it need, and Pillow, which makes the files small. Writes docs/img/*.png.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "sdk")]

from PIL import Image

import support
from browser import Browser, Tab
from system import ORDERS, SHIPPING, System

FOLDER = support.ROOT / "docs" / "img"
# Bytes: a README has to load fast.
LARGEST = 150_000


def keep(tab: Tab, name: str) -> None:
    """Few colours, as drawn pages have: a quarter of the bytes, and no difference to be seen."""
    image = Image.open(io.BytesIO(tab.picture())).convert("RGB")
    file = FOLDER / f"{name}.png"
    image.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    assert size < LARGEST, f"{file}: {size} bytes"
    print(f"{file.relative_to(support.ROOT)}: {size // 1000} kB")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dapr-") as home:
        machine = support.Machine(Path(home))
        browser = None
        try:
            system = System(machine)
            url = system.dashboard.url
            browser = Browser()
            tab = browser.tab(height=760)
            tab.open(f"{url}/metrics-view")
            for item in ["book", "lamp", "chair", "pen"] * 3:
                system.order(item)
            system.orders.invoke("GET", "stock", app_id="warehouse")
            # Three readings and more, so that there are lines.
            tab.until("document.querySelector('polyline.rate')?.getAttribute('points').split(' ').length > 3", "plots are there", 60)
            keep(tab, "metrics")
            tab.open(url).shows("Who calls whom")
            tab.until("document.querySelectorAll('.graph g').length >= 4", "the map is there")
            keep(tab, "overview")
            traces = system.dashboard.api("/traces", search="publish", app=SHIPPING)["traces"]
            tab.open(f"{url}/traces/{next(one for one in traces if one['spans'] > 1)['trace']}")
            tab.click(".waterfall summary")
            tab.shows("Span", ".waterfall dl")
            keep(tab, "trace")
            dark = browser.tab(height=760, dark=True)
            dark.open(f"{url}/apps/{ORDERS}/logs")
            dark.until("document.querySelectorAll('#log li[title]').length > 10", "lines are there")
            keep(dark, "logs")
        finally:
            if browser is not None:
                browser.close()
            machine.close()


if __name__ == "__main__":
    main()
