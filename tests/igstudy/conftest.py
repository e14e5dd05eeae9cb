"""A project whose book has one study, for what reads published results."""

import pytest

from igstudy.evidence import results


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that has published nothing, whose book has one study, "small"."""
    monkeypatch.setattr(results, "OF_THE_BOOK", ("small",))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_toc.yml").touch()
    return tmp_path
