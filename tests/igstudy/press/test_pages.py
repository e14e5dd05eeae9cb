"""What a chapter runs under."""

import io
import warnings

import matplotlib.pyplot as plt
import pytest

from igstudy.press.pages import GUARD


def test_a_letter_that_the_font_lacks_stops_no_chapter_and_another_warning_does():
    with warnings.catch_warnings():
        exec(GUARD, {})
        figure = plt.figure()
        figure.suptitle("犬")
        figure.savefig(io.BytesIO())
        plt.close(figure)
        with pytest.raises(UserWarning, match="anything else"):
            warnings.warn("anything else", stacklevel=1)
