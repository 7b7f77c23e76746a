"""The pages that people open, in a real browser."""

import json
import re
import shutil

import pytest
from browser import NEEDS_CHROMIUM, assert_fits, browser, look
from helpers import port_of_its_own, rnnlab, started, wait_for
from known_study import fill
from mlflow import MlflowClient

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def driver():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A folder with the report of a study, one of whose runs has an odd name."""
    folder = tmp_path_factory.mktemp("pages")
    parent = fill(folder, "pages", seeds=6)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlruns/mlflow.db")
    odd = "<script>document.body.innerHTML='owned'</script><img src=x onerror=alert(1)> " + "wide" * 60
    client.update_run(parent, name=odd)
    done = rnnlab("report", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_report_fits_the_window_and_complains_of_nothing(width, dark, driver, reported):
    page = reported / "outputs" / "pages" / "report" / "index.html"
    text = assert_fits(driver, page, width=width, dark=dark, images=8)
    assert "<script>document.body.innerHTML='owned'</script><img src=x onerror=alert(1)>" in text


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """The page on two runs side by side, one of them with snapshots and a long name."""
    folder = tmp_path_factory.mktemp("explained")
    long, size = "long" * 20, ["model.hidden_size=6", "trainer.max_epochs=2", "tracking=off"]
    for words in (["layers=2", f"name={long}", "trainer.snapshots=true"], ["layers=1", "cell=gru", "name=b"]):
        done = rnnlab("train", *size, *words, folder=folder)
        assert done.returncode == 0, done.stderr
    done = rnnlab("explain", f"runs={long},b", folder=folder)
    assert done.returncode == 0, done.stderr
    (page,) = folder.glob("outputs/runs-*/explain/index.html")
    return page


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_on_what_goes_on_inside_fits_the_window_and_complains_of_nothing(width, dark, driver, explained):
    text = assert_fits(driver, explained, width=width, dark=dark, images=12)
    assert "f_t = s(W_if x_t + b_if + W_hf h_{t-1} + b_hf)" in text


def test_a_moved_page_needs_nothing_beside_it(driver, reported, tmp_path):
    page = tmp_path / "alone.html"
    shutil.copy(reported / "outputs" / "pages" / "report" / "index.html", page)
    seen = look(driver, page.as_uri(), width=800)
    assert (seen["console"], seen["images"], seen["broken"]) == ([], 8, [])
    assert 'src="http' not in page.read_text()


def test_the_link_to_mlflows_comparison_shows_the_runs(driver, reported):
    report = json.loads((reported / "outputs" / "pages" / "report" / "report.json").read_text())
    link = report["links"]["The runs compared in MLflow"]
    with started("ui", f"port={port_of_its_own()}", folder=reported) as process:
        address = next(word for word in process.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
        driver.get(re.sub(r"^http://127.0.0.1:\d+", address, link))
        body = wait_for(lambda: (text := driver.execute_script("return document.body.innerText")) and
                        "Comparing 24 Runs" in text and text)  # fmt: skip
        for run in report["groups"][0]["runs"][:3]:
            assert run["name"] in body
