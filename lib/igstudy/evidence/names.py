"""The names of the studies that the book publishes in results/, by what rests on them."""

OF_THE_BOOK = (
    *("devices-objects", "devices-photographs", "inception-steps"),
    *("objects-logit", "objects-paths", "objects-published", "objects-steps", "objects-temperature", "pair"),
    *("photographs", "photographs-information", "photographs-logit", "photographs-many", "photographs-paths"),
    *("photographs-steps", "photographs-temperature", "rounding-objects", "sensitivity-objects"),
    *("sensitivity-photographs", "stability-objects", "stability-photographs"),
)
# Those that were looked at before anything was claimed of them: no verdict reads them
EXPLORATORY = ("which-map", "which-map-checks", "which-map-objects", "which-map-paths", "which-map-sums")
# Of the confirmation: no page reads what has run of it until all of it has, so that nobody looks at a part
UNREAD = ("confirm-checks", "confirm-parts", "confirm-paths", "confirm-split", "confirm-steps", "confirm-straight")


def is_confirming(study: str) -> bool:
    """Whether a published study is of the photographs that nobody had looked at when the claims were written."""
    return study.startswith("confirm-")
