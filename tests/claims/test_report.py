"""The report: what it says, that it needs nothing else, and how a browser shows it."""

import dataclasses
import json
import os
import re
import shutil
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from hopsim.claims import report
from hopsim.plots import style as _style
from hopsim.records import Verdict


NASTY = '<script>window.hacked = 1</script> & "v\'" </pre> ξᵀ {{ 7 * 6 }} <img src=x>'
SCENARIO = f'\nname = "x"\n\n# {NASTY}\n\n[quick]\n\tsets = 6\n' + "wide " * 60 + "\n"


def check(statement, passed=True, measured="0.5", **more):
    """A check as the ledger holds it."""
    known: dict[str, Any] = {"expected": "<= 1", "tolerance": "<= 1"}
    known |= {"error": "[0.4, 0.6] (95 %)", "samples": "384 in 6 pattern sets"}
    return dataclasses.asdict(Verdict(statement, passed, measured, **known | more))


def claim(number, *checks, error=None, **more):
    """A claim as the ledger holds it."""
    return {
        "id": f"CL-{number}",
        "name": f"cl-{number}",
        "title": f"Title {number}",
        "statement": f"dE/dt <= 0 for {number} neurons",
        "source": "KH21 eq. 3; THEORY 1.2",
        "tags": ["energy", "identity"],
        "false_alarm": 1e-3,
        "seed": number,
        "precision": "float64",
        "file": f"scenarios/claims/cl-{number}.toml",
        "rerun": f"hopsim verify cl-{number} --quick",
        "size": "quick",
        "changed": "",
        "directory": f"cl-{number}-0123abcd",
        "scenario": SCENARIO,
        "pictures": [],
        "passed": not error and all(c["passed"] for c in checks),
        "error": error,
        "seconds": 1.5 * number,
        "kept": False,
        "checks": list(checks),
    } | more


def ledger_of(*claims):
    """The ledger of a run."""
    counted = [c for c in claims if not c["changed"]]
    passed = sum(c["passed"] for c in counted)
    return {
        "hopsim": "0.1.0",
        "size": "quick",
        "seconds": 123.4,
        "passed": passed,
        "failed": len(counted) - passed,
        "changed": len(claims) - len(counted),
        "versions": {"jax": "0.10.2", "diffrax": "0.7.2"},
        "device": "cpu: cpu x 1",
        "command": "hopsim verify --quick",
        "claims": list(claims),
    }


LEDGER = ledger_of(
    claim(33, check("certified", measured="64/64 runs", error=""), kept=True),
    claim(10, check("falls", value=0.5, low=0.4, high=0.6), pictures=["wide.png"]),
    claim(
        2,
        check("is tiny", measured="3e-15", value=3e-15, samples=""),
        check(NASTY, False, "-2", value=-2.0, expected=">= 1", tolerance=">= 1"),
        pictures=["small.png", "lost.png"],
        not_drawn="lost: nothing to draw",
    ),
    claim(1, error=f"ValueError: {NASTY}\n  at point 3", seed=None, precision=None),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the runs lie, with two of the three pictures that the ledger names."""
    path = tmp_path_factory.mktemp("runs")
    sizes = {"cl-10-0123abcd/wide.png": (1900, 400), "cl-2-0123abcd/small.png": (90, 9)}
    for name, size in sizes.items():
        (path / name).parent.mkdir()
        Image.new("RGB", size, _style.GOOD).save(path / name)
    return path


@pytest.fixture(scope="module")
def text(place):
    """The whole page."""
    return report.render_page(LEDGER, place)


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and the text in each tag."""

    def __init__(self, text):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        if tag not in {"meta", "input", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def fetched(self):
        """The addresses that a browser would load, or be led to."""
        names = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
        styles = [*self.texts.get("style", []), *(a.get("style") for _, a in self.tags)]
        style = "\n".join(filter(None, styles))
        yield from (a[name] for _, a in self.tags for name in names & set(a))
        yield from re.findall(r"@import[^;]*", style)
        yield from re.findall(r"url\(\s*['\"]?([^)'\"]*)", style)
        yield from re.findall(
            r"fetch|import|XMLHttp|Socket|Beacon|EventSource|Worker|\.src",
            "\n".join(self.texts.get("script", [])),
        )


def foreign(page):
    """The addresses that lie neither on the page nor in its own text."""
    return [x for x in page.fetched() if not x.startswith(("#", "data:image/"))]


def seen(claim, seen, by=(), why=""):
    """What the ledger says of a claim that was run with something wrong."""
    wrong = f"a sign of {NASTY}" if seen else "nothing that matters"
    return {"claim": claim, "wrong": wrong, "seen": seen, "by": [*by], "why": why}


def test_mutations_are_told_with_what_has_seen_them(place, text):
    assert 'id="mutations"' not in text  # where none was run
    more = [seen("mine", True, ["falls"]), seen("mine", False, why="all checks passed")]
    page = Page(report.render_page({**LEDGER, "mutations": more}, place))
    told = [" ".join(row.split()) for row in page.texts["tr"] if "mine" in row]
    assert len(told) == 2
    assert told[0].startswith("mine a sign of <script>")
    assert told[0].endswith("seen falls")
    assert told[1] == "mine nothing that matters not seen all checks passed"
    assert page.texts["script"] == Page(text).texts["script"]


# --- the text -------------------------------------------------------------------------


def test_page_loads_nothing_from_anywhere(text):
    page = Page(text)
    assert not foreign(page)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "base"}
    assert "default-src 'none'" in text


@pytest.mark.parametrize(
    "fault",
    [
        "<img src='http://x/a.png'>",
        "<a href='//x'>a</a>",
        "<style>@import 'a.css';</style>",
        "<style>body { background: url(b.png) }</style>",
        "<p style='background: url(\"b.png\")'></p>",
        "<script>fetch('x')</script>",
    ],
)
def test_what_would_be_loaded_is_seen(fault):
    assert foreign(Page(fault))


def test_everything_is_escaped(text):
    page = Page(text)
    assert text.count("<script>") == 1
    assert sum(NASTY in cell for cell in page.texts["td"]) == 2
    assert page.texts["pre"] == ["\n" + SCENARIO] * 4
    assert not page.open


def test_same_ledger_makes_the_same_bytes(tmp_path, place):
    ledger = json.loads(json.dumps(LEDGER))
    first = report.write_page(ledger, place, tmp_path / "a.html").read_bytes()
    assert report.write_page(ledger, place, tmp_path / "b.html").read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_half_a_surrogate_pair_is_written(tmp_path, place):
    broken = ledger_of(claim(1, error="no such file: \udc80"))
    path = report.write_page(broken, place, tmp_path / "report.html")
    assert "no such file: " in path.read_text(encoding="utf-8")


def test_missing_picture_is_told(text):
    page = Page(text)
    assert (
        "The picture cl-2-0123abcd/lost.png is missing. lost: nothing to draw"
        in page.texts["p"]
    )
    images = [a for tag, a in page.tags if tag == "img"]
    assert [a["alt"] for a in images] == ["Title 10: wide.png", "Title 2: small.png"]


def test_failures_come_first(text):
    page = Page(text)
    alert, summary = page.texts["section"][0], "2 claims failed"
    assert summary in alert
    assert "CL-2 Title 2: ✗ FAIL" in alert
    assert "CL-1 Title 1: ⚠ ERROR" in alert
    assert f"ValueError: {NASTY}" in alert
    assert f"{NASTY}: -2, expected >= 1 (384 in 6 pattern sets)" in alert
    assert text.index(summary) < text.index("The ledger")
    assert page.texts["h1"] == ["2 of 4 claims hold"]


def test_nothing_is_said_to_fail_where_all_holds(place):
    page = Page(report.render_page(ledger_of(claim(1, check("falls"))), place))
    assert page.texts["h1"] == ["1 of 1 claims hold"]
    assert not re.search("FAIL|ERROR|failed$", "".join(page.texts["body"]))


def test_a_changed_claim_is_marked_and_not_counted(place):
    how = {"changed": "seed = 5", "directory": "cl-1-5555aaaa"}
    claims = claim(1, check("falls")), claim(1, check("falls", False), **how)
    text = report.render_page(ledger_of(*claims), place)
    page = Page(text)
    assert page.texts["h1"] == ["1 of 1 claims hold, 1 changed"]
    assert "1 changed and not counted" in page.texts["header"][0]
    assert "at most a share 0.001" in page.texts["header"][0]
    assert not re.search("failed$", "".join(page.texts["h2"]))
    sections = [s for s in page.texts["section"] if "changed: seed = 5." in s]
    assert len(sections) == 1
    assert "≠ changed" in sections[0]
    targets = [a["id"] for tag, a in page.tags if tag == "section" and "id" in a]
    assert targets == ["cl-1-0123abcd", "cl-1-5555aaaa"]


def test_claims_that_are_not_kept_any_more_are_named(place):
    old = ledger_of(claim(1, check("falls"))) | {"lapsed": ["cl-2 (full)"]}
    assert "others today: cl-2 (full)" in report.render_page(old, place)


def test_every_number_has_its_sample_size(text):
    page = Page(text)
    labels = [a["data-label"] for tag, a in page.tags if tag == "td"]
    cells = list(zip(labels, page.texts["td"], strict=True))
    samples = [told for label, told in cells if label == "samples"]
    assert len(samples) == len([1 for label, _ in cells if label == "measured"]) == 5
    known = "384 in 6 pattern sets"
    assert samples == [known, known, "not stated", known, "none"]
    assert text.count('<dd class="samples">') == 4  # checks in the claims' own sections


def test_each_row_leads_to_the_section_of_its_claim(text):
    page = Page(text)
    targets = {a["id"] for tag, a in page.tags if tag == "section" and "id" in a}
    leads = {(a["href"] or "")[1:] for tag, a in page.tags if tag == "a"}
    assert targets == leads == {"cl-10", "cl-2", "cl-1", "cl-33"}


def test_section_says_how_to_run_it_alone_and_what_was_kept(text):
    page = Page(text)
    [kept] = [s for s in page.texts["section"] if "cached from an earlier run" in s]
    assert "hopsim verify cl-33 --quick" in kept
    assert "0.001 of seeds, were it true" in kept
    assert "at most a share 0.004 of such runs" in page.texts["header"][0]


def test_bound_on_false_alarms_is_not_told_where_a_claim_states_none(place):
    silent = report.render_page(ledger_of(claim(1, check("x"), false_alarm="")), place)
    assert "of such runs" not in silent
    assert "not stated" in silent


def test_colours_are_those_of_the_pictures(text):
    for colour in (_style.GOOD, _style.BAD):
        assert colour.lower() in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (59.96, "1 min 00 s"), (3725, "1 h 02 min")],
)
def test_duration_in_words(seconds, words):
    assert report.duration(seconds) == words


@pytest.mark.parametrize("tolerance", ["<= 1", ">= 0.2", "[0.3, 0.45]", "in [-1, 2e3]"])
@pytest.mark.parametrize("value", [-5.0, 0.0, 0.25, 0.4, 1.0, 1e-9, 77.0])
def test_strip_shows_value_in_the_band_exactly_if_it_is_accepted(tolerance, value):
    ends = [float(x) for x in re.findall(r"[-\d.e]+", tolerance.replace("in", ""))]
    low = ends[0] if "<=" not in tolerance else -float("inf")
    high = ends[-1] if ">=" not in tolerance else float("inf")
    strip = report.strip(check("x", value=value, tolerance=tolerance))
    assert strip is not None
    band = strip["accepted"]
    assert (band[0] <= strip["value"] <= band[1]) == (low <= value <= high)


def test_strip_is_logarithmic_where_that_is_needed():
    tiny = check("x", value=1e-14, low=1e-15, high=1e-14, tolerance="<= 1e-12")
    strip = report.strip(tiny)
    assert strip is not None
    assert strip["logarithmic"]
    one = report.STRIP_WIDTH - 2 * report.STRIP_MARGIN
    assert strip["value"] == pytest.approx(report.STRIP_MARGIN + one / 3, abs=0.1)
    assert not (report.strip(tiny | {"low": 0.0}) or {})["logarithmic"]


@pytest.mark.parametrize(
    "more",
    [
        {"value": None},
        {"value": float("nan")},
        {"value": 1.0, "tolerance": "never"},
        {"value": 1.0, "tolerance": "3.1e-10"},
        {"value": 1.0, "tolerance": ""},
    ],
)
def test_no_strip_where_it_could_mislead(more):
    assert report.strip(check("x", **more)) is None


# --- in a browser ---------------------------------------------------------------------

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no name leads anywhere
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium without a window and without a network."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        reason = "needs chromium and chromedriver (Debian: chromium, chromium-driver)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    browser = webdriver.Chrome(options, Service(executable_path=driver))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory, place):
    """Where the page lies."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    return report.write_page(LEDGER, place, path).as_uri()


@pytest.fixture
def page(browser, address):
    """The page, freshly opened, with empty logs from before."""
    shape(browser, 1280)
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(address)
    return browser


def shape(browser, width, scheme="light"):
    """Give the page a width and a colour scheme."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})


def errors(browser):
    """What the console complains of."""
    return [e["message"] for e in browser.get_log("browser") if e["level"] != "INFO"]


def requests(browser):
    """The addresses that were asked for, but for pictures inside the page."""
    told = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    sent = [m["params"] for m in told if m["method"] == "Network.requestWillBeSent"]
    urls = [m["request"]["url"] for m in sent]
    return [url for url in urls if not url.startswith("data:image/")]


def column(browser, number):
    """The texts of a column, of the rows that are shown, from above."""
    script = """return [...document.querySelectorAll("#ledger tbody tr")]
        .filter(row => row.offsetHeight).map(row => row.cells[arguments[0]].innerText)
    """
    return browser.execute_script(script, number)


def heads(browser):
    return browser.find_elements("css selector", "#ledger th")


def directions(browser):
    return [head.get_attribute("aria-sort") for head in heads(browser)]


def test_page_opens_without_a_complaint_and_without_a_request(page, address):
    assert page.title == "hopsim verify: 2 of 4 claims hold"
    assert not errors(page)
    assert requests(page) == [address]
    assert page.execute_script("return window.hacked") is None


def test_complaints_and_requests_are_seen(page):
    page.execute_script("setTimeout(() => { throw new Error('on purpose'); })")
    page.execute_script("document.body.append(new Image())")
    page.execute_script("document.images[2].src = 'https://example.org/a.png'")
    page.execute_async_script("setTimeout(arguments[0], 200)")
    found = "\n".join(errors(page))
    assert "on purpose" in found
    assert "Content Security Policy" in found  # the page may not load it at all


def test_requests_are_seen(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<img src='https://example.org/a.png'>", encoding="utf-8")
    browser.get_log("performance")
    browser.get(path.as_uri())
    assert "https://example.org/a.png" in requests(browser)


def test_every_picture_decodes(page):
    sizes = page.execute_script(
        "return [...document.images].map(i => [i.naturalWidth, i.naturalHeight])"
    )
    assert sizes == [[1900, 400], [90, 9]]


def test_clicks_on_id_sort_naturally(page):
    assert column(page, 0) == ["CL-33", "CL-10", "CL-2", "CL-2", "CL-1"]
    assert directions(page) == ["none"] * 10
    heads(page)[0].click()
    rising = ["CL-1", "CL-2", "CL-2", "CL-10", "CL-33"]
    assert column(page, 0) == rising
    assert column(page, 1)[1] == "is tiny"  # ties stay as they are in the ledger
    assert directions(page) == ["ascending", *["none"] * 9]
    heads(page)[0].click()
    assert column(page, 0) == rising[::-1]
    assert directions(page) == ["descending", *["none"] * 9]


def test_clicks_on_measured_sort_by_number_with_the_unknown_last(page):
    heads(page)[4].click()
    assert column(page, 4) == ["-2", "3e-15", "0.5", "64/64 runs", "nothing"]
    heads(page)[4].click()
    assert column(page, 4) == ["0.5", "3e-15", "-2", "64/64 runs", "nothing"]
    heads(page)[9].click()
    assert column(page, 9) == ["1.5", "3.0", "3.0", "15.0", "49.5"]
    assert directions(page) == [*["none"] * 9, "ascending"]


def test_keyboard_sorts_as_well(page):
    page.find_element("id", "failures").send_keys("\ue004")  # tab
    assert page.switch_to.active_element.text.startswith("id")
    page.switch_to.active_element.send_keys("\ue007")  # enter
    assert directions(page)[0] == "ascending"


def test_filter_keeps_rows_with_all_its_words(page):
    field = page.find_element("id", "filter")
    field.send_keys("cl-2 TINY")
    assert column(page, 1) == ["is tiny"]
    assert page.find_element("id", "shown").text == "1 of 5 rows"
    field.send_keys("x")
    assert column(page, 1) == []
    field.send_keys("\ue009a", "\ue017")  # control and a, then delete
    assert len(column(page, 1)) == 5


def test_only_failures_are_kept(page):
    toggle = page.find_element("id", "failures")
    toggle.click()
    assert [x.split()[-1] for x in column(page, 8)] == ["FAIL", "ERROR"]
    page.find_element("id", "filter").send_keys("CL-1")
    assert column(page, 0) == ["CL-1"]
    heads(page)[0].click()  # a sort shows no row that is hidden
    assert column(page, 0) == ["CL-1"]
    toggle.click()
    assert column(page, 0) == ["CL-1", "CL-10"]


def test_scenario_can_be_copied_as_it_is(page):
    page.find_element("css selector", "#cl-2 summary").click()
    script = "return document.querySelector('#cl-2 pre').textContent"
    assert page.execute_script(script) == SCENARIO


@pytest.mark.parametrize("width", [320, 400, 800, 1280, 2000])
def test_nothing_overflows_the_page(page, width):
    shape(page, width)
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = 1)")
    root = "document.documentElement"
    wide = f"return [{root}.scrollWidth, {root}.clientWidth, innerWidth]"
    reach, room, whole = page.execute_script(wide)
    assert reach <= room <= whole == width
    if width in (400, 1280):  # nor is the table cut off
        script = "const s = document.querySelector('.scroll'); return s.scrollWidth"
        assert page.execute_script(f"{script} <= s.clientWidth")
    assert len(column(page, 0)) == 5


CONTRASTS = """
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const light = rgb => { const [r, g, b] = rgb.map(x => x / 255)
    .map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { const c = numbers(getComputedStyle(e).backgroundColor);
    return c.length < 4 || c[3] ? c : ground(e.parentElement); };
return [...document.querySelectorAll("body *")].filter(e => e.offsetHeight
    && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
  const [a, b] = [light(numbers(getComputedStyle(e).color)), light(ground(e))];
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.outerHTML.slice(0, 80)];
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_accessibility_asks_for(page, scheme):
    shape(page, 1280, scheme)
    found = page.execute_script(CONTRASTS)
    assert len(found) > 100
    assert min(found)[0] >= 4.5, min(found)  # WCAG 2.2, level AA
    dark = "return getComputedStyle(document.body).backgroundColor"
    assert (page.execute_script(dark) == "rgb(20, 23, 26)") == (scheme == "dark")
