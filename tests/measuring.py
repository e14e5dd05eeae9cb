"""What a built page asks of its reader: how far it goes on, what it shows first, and what does not fit.

A page is measured at rest, as it opens: what folds is folded.
"""

from playwright.sync_api import Page

from limits import WIDTH

SIZES = ((1280, 800), (390, 844))  # of a laptop and a phone
COLUMNS = (
    *("screens", "code lines", "long lines", "images", "images a screen", "first image"),
    *("scrolling", "outside", "overprinted"),
)
MEASURE = """width => {
    const shown = (names, within = document) => [...within.querySelectorAll(names)].filter(each =>
        each.checkVisibility() && each.getBoundingClientRect().width > 1);
    const page = document.querySelector("article.bd-article"), edge = page.getBoundingClientRect().right;
    const code = shown(".cell_input pre", page).flatMap(each => each.textContent.split("\\n"));
    const lines = code.filter(each => each.trim());
    const images = shown("img, svg", page).map(each => each.getBoundingClientRect()).filter(each => each.height > 40);
    const screen = window.innerHeight, screens = document.documentElement.scrollHeight / screen;
    // The next box around that cuts or scrolls what is wider than it
    const box = each => {
        let around = each.parentElement;
        while (around !== page && getComputedStyle(around).overflowX === "visible") around = around.parentElement;
        return around;
    };
    const scrolls = each => /auto|scroll/.test(getComputedStyle(each).overflowX);
    const right = each => each.getBoundingClientRect().right;
    const reaches = each => right(each) > Math.min(edge, right(box(each))) + 2;
    const worded = each => [...each.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const things = shown("*", page).filter(each => !each.closest("mjx-container *, svg *, mjx-assistive-mml")
        && (worded(each) || each.matches("img, svg, table, pre, mjx-container")));
    const outside = things.filter(each => !scrolls(each) && !scrolls(box(each)) && reaches(each));
    const scrolling = shown(".scrolls, pre, div.math, mjx-container", page).filter(each =>
        scrolls(each) && each.scrollWidth > each.clientWidth + 2);
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const overprinted = shown(".eqno", page).filter(each => shown("mjx-container mjx-math", each.parentElement)
        .map(formula => scrolls(formula.parentElement) ? formula.parentElement : formula)
        .some(formula => over(each.getBoundingClientRect(), formula.getBoundingClientRect())));
    return {
        "screens": screens,
        "code lines": lines.length,
        "long lines": lines.filter(each => each.length > width).length,
        "images": images.length,
        "images a screen": images.length / screens,
        "first image": images.length ? Math.min(...images.map(each => each.top + window.scrollY)) / screen : Infinity,
        "scrolling": scrolling.length,
        "outside": outside.map(each => each.outerHTML.slice(0, 120)),
        "overprinted": overprinted.map(each => each.textContent),
    };
}"""


def measure(page: Page) -> dict[str, float]:
    """The measures of a page that is open, by name; what is outside its box or overprinted is printed."""
    found = page.evaluate(MEASURE, WIDTH)
    for name in ("outside", "overprinted"):
        for each in found[name]:
            print(f"{name}: {each}")
        found[name] = len(found[name])
    return found
