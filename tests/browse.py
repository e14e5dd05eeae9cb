"""The built book as a reader meets it, in Chromium from the disk: wide and narrow, in the light and in the dark.

`make browse` runs these tests after `make book`; they are not among those of `make test`, which needs neither a book
nor a browser.
"""

import re
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page

from igstudy.press.browser import PATIENCE, TYPESET, chromium
from igstudy.press.pages import pages
from limits import ABOUT_CODE, LIMITS, OF_CHAPTERS, faults
from measuring import COLUMNS, SIZES, measure

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"
AXE = ROOT / ".venv" / "browse" / "node_modules" / "axe-core" / "axe.min.js"
# Every page that was built: the book's own, its indices, and the library's source; not the folder's door
BUILT = {path.relative_to(HTML).with_suffix("").as_posix() for path in HTML.rglob("*.html")}
NAMES = sorted(name for name in BUILT - {"index"} if not name.startswith("_static/"))
WIDTHS = {"wide": 1280, "narrow": 390}
# What folds away is read too: code, claims in full, and tabs; and at rest, since what fades in is still pale.
UNFOLD = """() => {
    document.querySelectorAll("details").forEach(each => each.open = true);
    const style = document.head.appendChild(document.createElement("style"));
    style.textContent = ".sd-tab-content { display: block !important } "
        + "* { transition: none !important; animation: none !important }";
}"""
# What reaches over the page's edge, but for what scrolls within something else
SIDEWAYS = """() => {
    const scrolls = each => each && each !== document.body &&
        (getComputedStyle(each).overflowX !== "visible" || scrolls(each.parentElement));
    return [...document.querySelectorAll("main *")]
        .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .filter(each => !scrolls(each.parentElement)).map(each => each.outerHTML.slice(0, 100));
}"""
# The rules of axe that a theme can break; no width can, so they are asked of wide pages alone
OF_COLOURS = ["color-contrast", "link-in-text-block"]
# A window that changes moves the sidebar for a fifth of a second, and the interactive page draws its curves again
SETTLED = """() => !document.getAnimations().length
    && [...document.querySelectorAll("#look .curves > div")].every(each =>
        Math.abs(each.querySelector("svg").getBoundingClientRect().width - each.clientWidth) <= 1)"""
# Text that a reader would take for TeX, outside code
RAW = r"""() => {
    const raw = /\\[()\[\]]|\$\$|\\(begin|frac|sum|int|alpha|mathrm|Delta|partial)\b/;
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (raw.test(node.data) && !node.parentElement.closest("code, pre, script, style, mjx-container"))
            found.push(node.data.trim().slice(0, 80));
    }
    return found;
}"""


@pytest.fixture(scope="session")
def browser():
    """Chromium. Without it all tests fail and say so; none is skipped."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=[(name, width) for name in NAMES for width in WIDTHS], ids="-".join)
def page(request, browser):
    """A page at a width, all that folds away opened; `page.met` is what the console and the requests say meanwhile."""
    name, width = request.param
    with browser.new_page(viewport={"width": WIDTHS[width], "height": 900}) as page:
        page.set_default_timeout(PATIENCE)
        page.met = listen(page)
        page.goto((HTML / f"{name}.html").as_uri())
        page.wait_for_function(TYPESET)
        page.evaluate(UNFOLD)
        yield page


def listen(page: Page) -> list[str]:
    """What goes wrong on a page: complaints of the console, exceptions, what fails to load or comes from elsewhere."""
    met: list[str] = []
    page.on("console", lambda message: met.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: met.append(str(error)))
    page.on("requestfailed", lambda request: met.append(f"failed: {request.url}"))
    page.on("request", lambda request: met.append(f"elsewhere: {request.url}") if not at_home(request.url) else None)
    return met


def at_home(url: str) -> bool:
    """Whether an address needs nothing but the book's folder."""
    return url.startswith((HTML.as_uri() + "/", "data:", "blob:"))


@cache
def anchors(path: Path) -> set[str]:
    """All ids of a page."""
    return {unescape(name) for name in re.findall(r'\s(?:id|name)="([^"]+)"', path.read_text(encoding="utf-8"))}


def test_every_page_of_the_book_is_opened():
    assert {page.name for page in pages(ROOT)} <= set(NAMES)


def test_the_folder_opens_at_the_title_page(browser):
    with browser.new_page() as page:
        page.goto((HTML / "index.html").as_uri())
        page.wait_for_url("**/book/index.html", timeout=PATIENCE)


def test_a_mark_of_the_title_page_opens_its_claim(browser):
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        page.set_default_timeout(PATIENCE)
        page.goto((HTML / "book" / "index.html").as_uri())
        mark = page.locator("a.tile").last
        name = urlsplit(str(mark.get_attribute("href"))).fragment
        mark.click()
        page.wait_for_url(f"**/claims.html#{name}")
        page.locator(f"details[open] #{name}").wait_for()


def test_it_loads_from_its_folder_alone_and_without_a_complaint(page):
    assert page.met == []


def test_every_image_is_there_and_says_what_it_shows(page):
    images = page.evaluate("[...document.images].map(each => [each.src, each.alt, each.naturalWidth])")
    assert [image for image in images if not image[1].strip() or not image[2]] == []


def test_every_formula_is_typeset(page):
    bare = "[...document.querySelectorAll('.math')].filter(each => !each.querySelector('mjx-container'))"
    assert page.evaluate(f"{bare}.map(each => each.textContent)") == []
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate(RAW) == []


def test_nothing_reaches_over_the_edge(page):
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (
        page.evaluate(SIDEWAYS)
    )


def test_every_link_within_the_book_leads_somewhere(page):
    links = page.evaluate("[...document.querySelectorAll('a[href]')].map(each => each.href)")
    lost = []
    for link in sorted({link for link in links if link.startswith("file:")}):
        parts = urlsplit(link)
        path = Path(unquote(parts.path))
        there = path.is_file() and path.is_relative_to(HTML)
        if not there or (parts.fragment and unquote(parts.fragment) not in anchors(path)):
            lost.append(link)
    assert lost == []


def test_every_page_keeps_to_its_limits(browser):
    """At both widths; prints the measures of every page. How long a page is, and how soon it shows, counts at 1280."""
    print(f"{'page':>28} {'width':>5} " + " ".join(f"{name:>15}" for name in COLUMNS))
    found = []
    with browser.new_page() as page:
        page.set_default_timeout(PATIENCE)
        for each in pages(ROOT):
            page.goto((HTML / f"{each.name}.html").as_uri())
            page.wait_for_function(TYPESET)
            limited = set(LIMITS) - ({"code lines"} if each.title in ABOUT_CODE else set())
            limited -= set() if re.match(r"\d\d-", each.title) else {*OF_CHAPTERS}
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_function(SETTLED)
                measured = measure(page)
                print(f"{each.title:>28} {width:>5} " + " ".join(f"{measured[name]:>15.4g}" for name in COLUMNS))
                found += faults(each.title, {name: measured[name] for name in COLUMNS if name in limited})
                limited = {"outside", "overprinted"}
    assert not found, "\n".join(found)


def test_what_does_not_fit_is_measured(browser):
    wide = "<table style='width: 500px'><tr><td>1</td></tr></table>"
    code = "<div class='cell_input'><pre>x = 1\n\n" + "y" * 89 + "</pre></div>"
    page_of_faults = f"""<main><article class="bd-article" style="width: 300px; height: 1590px">
        {wide}<div style="overflow-x: auto">{wide}</div><div style="overflow: hidden">{wide}</div>
        <div style="position: relative"><span class="eqno" style="position: absolute">(1)</span>
        <mjx-container><mjx-math>x</mjx-math></mjx-container></div>
        <details>{code}{wide}</details><div style="overflow: auto">{code}</div>
        <img style="position: absolute; top: 1200px; width: 50px; height: 50px"></article></main>"""
    with browser.new_page(viewport={"width": 1280, "height": 800}) as page:
        page.set_content(f"<body style='margin: 0'>{page_of_faults}</body>")
        found = measure(page)
    wanted = {"code lines": 2, "long lines": 1, "images": 1, "overprinted": 1}
    assert {name: found[name] for name in wanted} == wanted
    assert found["outside"] == 4  # the tables that nothing scrolls, each with its word
    assert (found["screens"], found["first image"]) == pytest.approx((2, 1.5), abs=0.1)


def test_it_is_accessible(page):
    """By all rules of axe, those of colours in both themes; of pages of the library's source, which are alike, once."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    is_wide, is_source = page.viewport_size["width"] == WIDTHS["wide"], "/_modules/" in page.url
    faults = []
    if is_wide:
        faults = broken(page, "light", {})
    elif not is_source:
        faults = broken(page, "light", {"rules": {rule: {"enabled": False} for rule in OF_COLOURS}})
    if is_wide and not is_source:
        faults += broken(page, "dark", {"runOnly": OF_COLOURS})
    assert not faults, "\n".join(faults)


def broken(page: Page, theme: str, options: dict[str, object]) -> list[str]:
    """The serious faults that axe finds on a page in a theme.

    Code of the library's own pages is left out: it has the colours of all other code, and thousands of spans.
    """
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
    where = {"include": [["html"]], "exclude": [[".highlight pre"]] if "/_modules/" in page.url else []}
    found = page.evaluate(
        "([where, options]) => axe.run(where, {...options, resultTypes: ['violations']})", [where, options]
    )
    return [
        f"{theme}: {fault['id']} ({fault['impact']}): {node['target']} {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_a_search_finds_pages_without_a_server(browser):
    with browser.new_page() as page:
        page.set_default_timeout(PATIENCE)
        met = listen(page)
        page.goto((HTML / "book" / "index.html").as_uri())
        page.keyboard.press("Control+k")
        page.keyboard.type("saturation")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=saturation*")
        page.locator("#search-results a[href*='/06-split-ig.html']").first.wait_for()
        assert met == []


@pytest.fixture(params=WIDTHS.values(), ids=WIDTHS)
def look(request, browser):
    """The interactive page, once its curves are drawn."""
    with browser.new_page(viewport={"width": request.param, "height": 900}) as page:
        page.set_default_timeout(PATIENCE)
        page.goto((HTML / "book" / "look.html").as_uri())
        page.locator("#look-norm svg").wait_for()
        yield page


def shown(page: Page) -> dict[str, str]:
    """What the interactive page shows: pictures, curves and words, in comparable form."""
    pictures = {name: page.locator(f"#look-{name}").get_attribute("src") for name in ("seen", "sofar", "whole")}
    curves = {name: page.locator(f"#look-{name} svg").inner_html() for name in ("score", "norm")}
    return pictures | curves | {"words": page.locator("#look output").inner_text()}


MOVED = {  # by each control, what must be another
    "image": {"seen", "sofar", "whole", "score", "norm", "words"},
    "network": {"sofar", "whole", "score", "norm", "words"},
    "path": {"seen", "sofar", "whole", "score", "norm", "words"},
    "rule": {"sofar", "whole", "words"},
    "steps": {"words"},
}


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
@pytest.mark.parametrize("control", MOVED)
def test_each_choice_changes_what_is_shown(look, control, by):
    before, chosen = shown(look), look.locator(f"#look select[name={control}]")
    if by == "keyboard":
        last = chosen.evaluate("each => each.selectedIndex === each.options.length - 1")
        chosen.focus()
        look.keyboard.press("ArrowUp" if last else "ArrowDown")
    else:
        other = chosen.evaluate("each => each.options[each.selectedIndex ? 0 : 1].value")
        chosen.select_option(other)
    look.wait_for_function("words => document.querySelector('#look output').textContent !== words", arg=before["words"])
    after = shown(look)
    assert {name for name in after if after[name] != before[name]} >= MOVED[control]


def test_curves_fit_when_the_window_becomes_another(look):
    for width in (*WIDTHS.values(), *WIDTHS.values()):
        look.set_viewport_size({"width": width, "height": 900})
        look.wait_for_function(SETTLED)


def test_a_network_is_offered_for_the_images_that_it_has_walked(look):
    image, network = (look.locator(f"#look select[name={name}]") for name in ("image", "network"))
    seen = set()
    for name in image.locator("option").evaluate_all("all => all.map(each => each.value)"):
        image.select_option(name)
        assert network.evaluate("each => !each.selectedOptions[0].disabled")
        assert look.locator("#look-seen").get_attribute("alt").startswith(f'The image "{name}"')
        seen.add(look.locator("#look-seen").get_attribute("src"))
    assert len(seen) == image.locator("option").count()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_slider_goes_along_the_path(look, by):
    slider, found = look.locator("#look input[name=alpha]"), []
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    for alpha, key, across in (("0.00", "Home", 3), ("1.00", "End", box["width"] - 3)):
        if by == "keyboard":
            slider.focus()
            look.keyboard.press(key)
        else:
            look.mouse.click(box["x"] + across, box["y"] + box["height"] / 2)
        told = f"document.querySelector('#look output').textContent.startsWith('α = {alpha}')"
        look.wait_for_function(f"() => {told}")
        found.append(shown(look))
    before, after = found
    assert {name for name in after if after[name] != before[name]} >= {"seen", "sofar", "score", "norm", "words"}
    assert after["whole"] == before["whole"] == after["sofar"]
