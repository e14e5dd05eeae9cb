"""What lets several processes read the pages, and what it takes for the book to be the same."""

from types import SimpleNamespace

from igstudy.press import parallel


def test_modules_that_no_page_leads_to_are_forgotten():
    led_to, not_led_to = ("code", {}, {"name": "page"}, ""), ("code", {}, {}, "")
    env = SimpleNamespace(_viewcode_modules={"a": led_to, "b": not_led_to, "c": False})
    parallel.forget_unused(None, env)
    assert env._viewcode_modules == {"a": led_to, "c": False}
    parallel.forget_unused(None, SimpleNamespace())  # of a book without a reference


def test_the_extensions_that_say_nothing_are_named():
    silent = {name: SimpleNamespace() for name in parallel.SILENT}
    connected = []
    app = SimpleNamespace(extensions=silent, connect=lambda *event: connected.append(event))
    assert parallel.setup(app) == {"parallel_read_safe": True}
    assert all(each.parallel_read_safe for each in silent.values())
    assert connected == [("env-updated", parallel.forget_unused)]
