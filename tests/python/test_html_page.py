"""Contract: the pages of --html run in a browser without an error or a request, and show what was
found.

Headless Chromium opens what the program wrote and hands back what then stands on the page. To use
the page as a reader does, a copy gets a script of the test's own, which its policy names by hash.
"""

import base64
import hashlib
import html.parser
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

PROGRAM = os.environ.get("GRADVITALS_PROGRAM", "")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.skipif(not pathlib.Path(PROGRAM).is_file(), reason="the program is not built"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium (Debian's package chromium)"),
]

HOSTILE = "</script><img src=x onerror=\"document.title='hit'\">'\"&\u202e\u2028\x00"

# What Chromium itself talks to, whatever the page.
OWN_SERVICES = ("google.com", "gstatic.com", "googleapis.com", "gvt1.com")


class Text(html.parser.HTMLParser):
    """The visible text of a page, and the attributes of its elements by tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.parts))


def run(*arguments: str, folder: pathlib.Path, codes: tuple[int, ...] = (0,)) -> None:
    result = subprocess.run(
        [PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert result.returncode in codes, result.stderr


def open_page(path: pathlib.Path, folder: pathlib.Path, *flags: str) -> Text:
    """What stands on the page once its script ran; fails on errors and on requests."""
    log = folder / "net.json"
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        f"--user-data-dir={folder / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=8000",
        "--enable-logging=stderr",
        "--v=0",
        f"--log-net-log={log}",
        "--window-size=1400,1000",
        *flags,
        "--dump-dom",
        path.as_uri(),
    ]
    result = subprocess.run(command, capture_output=True, timeout=180)
    said = result.stderr.decode(errors="replace")
    console = [line for line in said.splitlines() if "CONSOLE" in line or "Refused to" in line]
    assert console == []
    requests = re.findall(r'"url":"(https?://[^"]*)"', log.read_text(errors="replace"))
    own = re.compile(rf"https?://([^/]*\.)?({'|'.join(OWN_SERVICES)})[:/]")
    assert [url for url in requests if not own.match(url)] == []
    page = Text(result.stdout.decode())
    is_built = any("data-ready" in attributes for _, attributes in page.elements)
    assert is_built, "the script did not end"
    return page


def open_and_use(path: pathlib.Path, folder: pathlib.Path, script: str) -> Text:
    """The same after `script`, which has `say(text)`; it runs once the page is built."""
    page = path.read_text(encoding="utf-8")
    body = (
        "addEventListener('load', () => setTimeout(() => {"
        "const out = document.createElement('pre'); out.id = 'said'; document.body.append(out);"
        "const say = (text) => { out.textContent += text + '\\n'; };"
        f"{script}"
        "}, 1500));"
    )
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    page = page.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    page = page.replace("</body>", f"<script>{body}</script></body>")
    used = folder / f"used-{path.name}"
    used.write_text(page, encoding="utf-8")
    return open_page(used, folder)


def write_gradients(
    path: pathlib.Path, tensors: dict[str, list[float]], step: int | None = None
) -> None:
    """A safetensors file of float32 vectors."""
    header: dict[str, object] = {}
    if step is not None:
        header["__metadata__"] = {"step": str(step)}
    data = b""
    for name, values in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {
            "dtype": "F32",
            "shape": [len(values)],
            "data_offsets": [len(data), len(data) + len(packed)],
        }
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def has_charts(path: pathlib.Path) -> bool:
    return "Chart.js v3" in path.read_text(encoding="utf-8")


def test_a_page_that_asks_for_something_is_seen(tmp_path):
    """The check that the other tests stand on."""
    page = tmp_path / "asks.html"
    page.write_text("<html data-ready='true'><img src='http://elsewhere.invalid/x.png'></html>")
    with pytest.raises(AssertionError, match="elsewhere"):
        open_page(page, tmp_path)


def test_a_comparison_shows_its_verdict_its_charts_and_its_tensors(tmp_path):
    run("compare", "--html", "page.html", folder=tmp_path)
    page = open_page(tmp_path / "page.html", tmp_path)
    assert "2 of 3 networks are sick: Sigmoid Network is vanishing" in page.text
    assert "Replace sigmoid in the hidden layers by relu" in page.text
    assert "70 of 70 tensors" in page.text
    assert "dense_4/kernel" in page.text
    if has_charts(tmp_path / "page.html"):
        charts = [a for tag, a in page.elements if tag == "canvas" and a.get("role") == "img"]
        assert len(charts) == 6
        assert any("Gradient norms of Sigmoid Network" in a["aria-label"] for a in charts)


def test_a_hostile_name_is_shown_as_text(tmp_path):
    write_gradients(
        tmp_path / "g.safetensors", {HOSTILE: [float("nan"), 1.0], "b/kernel": [1e-9, 0.0]}
    )
    run("diagnose", "g.safetensors", "--html", "page.html", folder=tmp_path)
    page = open_page(tmp_path / "page.html", tmp_path)
    # The static figure is one, where there are no charts.
    images = [attributes["src"] for tag, attributes in page.elements if tag == "img"]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in images)
    assert page.text.count("</script><img src=x onerror=\"document.title='hit'\">'\"&\\u202e") >= 3
    assert "g.safetensors is non-finite" in page.text
    title = [i for i, (tag, _) in enumerate(page.elements) if tag == "title"]
    assert len(title) == 1 and "hit: gradvitals" not in page.text


def test_a_run_shows_where_it_began_and_links_lead_on(tmp_path):
    run(
        "train",
        "--network",
        "sigmoid",
        "--steps",
        "120",
        "--optimizer",
        "sgd",
        "--html",
        "page.html",
        folder=tmp_path,
    )
    path = tmp_path / "page.html"
    page = open_page(path, tmp_path)
    assert "The run has been vanishing since step 0" in page.text
    assert "Every one of the 120 steps is shown." in page.text
    assert any(
        "Heat map of gradient norms" in (a.get("aria-label") or "") for _, a in page.elements
    )
    used = open_and_use(
        path,
        tmp_path,
        """
      document.querySelector('a[data-kind="run"][data-step]').click();
      say('bar: ' + document.querySelector('.selected').textContent);
      document.querySelector('.tensors tbody tr:nth-child(3) a').click();
      say('marked: ' + document.querySelector('tr.marked').textContent);
      say('bar: ' + document.querySelector('.selected').textContent);
      const map = document.querySelector('.heat canvas');
      map.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown'}));
      say('reading: ' + document.querySelector('.reading').textContent);
    """,
    )
    assert re.search(r"bar: step 0", used.text)
    assert re.search(r"marked: .*dense_1/kernel", used.text)
    assert re.search(r"reading: dense_1/bias: step 0: norm [\d.e-]+", used.text)


def test_the_table_of_tensors_sorts_and_filters(tmp_path):
    run("compare", "--html", "page.html", folder=tmp_path)
    used = open_and_use(
        tmp_path / "page.html",
        tmp_path,
        """
      const heads = [...document.querySelectorAll('.tensors th button')];
      const column = heads.findIndex((head) => head.textContent === 'L2 norm');
      const head = heads[column];
      const norms = () => [...document.querySelectorAll('.tensors tbody tr')].map(
          (row) => Number(row.children[column].textContent));
      head.click();
      say('falls: ' + norms().every((norm, i, all) => i === 0 || all[i - 1] >= norm));
      head.click();
      say('rises: ' + norms().every((norm, i, all) => i === 0 || all[i - 1] <= norm));
      const search = document.querySelector('input[type="search"]');
      search.value = 'DENSE_3/bias';
      search.dispatchEvent(new Event('input'));
      say('rows: ' + norms().length);
    """,
    )
    assert "falls: true" in used.text
    assert "rises: true" in used.text
    assert "rows: 3" in used.text


def test_two_runs_stand_side_by_side(tmp_path):
    for name, rate in ("a", "0.001"), ("b", "0.3"):
        run(
            "train",
            "--data",
            "digits",
            "--epochs",
            "2",
            "--learning-rate",
            rate,
            "--history",
            f"{name}.jsonl",
            folder=tmp_path,
        )
    run("report", "a.jsonl", "b.jsonl", "--html", "page.html", folder=tmp_path)
    page = open_page(tmp_path / "page.html", tmp_path)
    assert "Runs A and B part" in page.text
    assert re.search(r"learning rate 0.001 0.3", page.text)
    assert sum("Heat map" in (a.get("aria-label") or "") for _, a in page.elements) == 2


def test_steps_that_were_dumped_are_one_run(tmp_path):
    for step in range(4):
        norm = float("inf") if step > 1 else 0.5
        write_gradients(
            tmp_path / f"s{step}.safetensors", {"a/kernel": [norm, 1.0], "b/kernel": [0.5]}, step
        )
    run(
        "diagnose",
        *(f"s{step}.safetensors" for step in range(4)),
        "--html",
        "page.html",
        folder=tmp_path,
    )
    page = open_page(tmp_path / "page.html", tmp_path)
    assert "Over 4 steps the run is non-finite" in page.text
    assert "held NaN or Inf" in page.text


@pytest.mark.parametrize(
    "flag", ["--blink-settings=preferredColorScheme=0", "--window-size=400,800"]
)
def test_it_opens_dark_and_narrow(tmp_path, flag):
    run("train", "--data", "digits", "--epochs", "1", "--html", "page.html", folder=tmp_path)
    assert "The run was healthy over" in open_page(tmp_path / "page.html", tmp_path, flag).text
