"""A real headless Chromium, for pages that people open."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="needs chromium and chromedriver (Debian: chromium, chromium-driver)"
)
LOOK = """
const tooWide = [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.right > window.innerWidth + 1 && !one.closest('.wide') && box.width > 0;
}).map(one => one.tagName + ' ' + one.textContent.slice(0, 40));
return {
  width: window.innerWidth,
  scrolls: document.documentElement.scrollWidth,
  tooWide: tooWide,
  images: document.images.length,
  broken: [...document.images].filter(one => !one.complete || one.naturalWidth === 0).map(one => one.alt),
  withoutAlt: [...document.images].filter(one => !one.alt.trim()).length,
  background: getComputedStyle(document.body).backgroundColor,
  text: document.body.innerText,
  title: document.title,
  scripts: document.scripts.length,
};
"""


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, and end it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(CHROMEDRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def assert_fits(driver: Any, page: Path, *, width: int, dark: bool, images: int) -> str:
    """Assert that a page fits a window, shows all its images and complains of nothing; return its text."""
    seen = look(driver, page.as_uri(), width=width, dark=dark)
    assert seen["console"] == []
    assert (seen["images"], seen["broken"], seen["withoutAlt"]) == (images, [], 0)
    assert seen["width"] == width
    assert seen["scrolls"] <= width
    assert seen["tooWide"] == []
    assert seen["scripts"] == 0
    brightness = sum(int(number) for number in re.findall(r"\d+", seen["background"])[:3])
    assert brightness < 150 if dark else brightness > 600
    return str(seen["text"])


def look(driver: Any, address: str, *, width: int, dark: bool = False, shot: Path | None = None) -> dict[str, Any]:
    """Open a page in a window of some width, and return what is to be seen there and the console's complaints."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    driver.get(address)
    seen: dict[str, Any] = driver.execute_script(LOOK)
    seen["console"] = [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    if shot is not None:
        driver.get_screenshot_as_file(str(shot))
    return seen
