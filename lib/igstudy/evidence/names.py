"""The names of the studies that the book publishes in results/, by what rests on them."""

OF_THE_BOOK = (
    *("confirm-checks", "confirm-information", "confirm-parts", "confirm-paths", "confirm-paths-lite1"),
    *("confirm-sensitivity", "confirm-split", "confirm-split-lite1", "confirm-stability", "confirm-steps"),
    "confirm-straight",
    *("devices-objects", "devices-photographs", "inception-steps"),
    *("objects-backgrounds", "objects-logit", "objects-paired", "objects-paths", "objects-published", "objects-steps"),
    *("objects-temperature", "pair"),
    *("photographs", "photographs-information", "photographs-logit", "photographs-many", "photographs-paths"),
    *("photographs-steps", "photographs-temperature", "rounding-objects", "sensitivity-objects"),
    *("sensitivity-photographs", "stability-objects", "stability-photographs"),
)
# Those that were looked at before anything was claimed of them: no verdict reads them
EXPLORATORY = (
    *("which-map", "which-map-checks", "which-map-objects", "which-map-paths", "which-map-signed", "which-map-sums"),
)


def is_confirming(study: str) -> bool:
    """Whether a published study is of the photographs that nobody had looked at when the claims were written."""
    return study.startswith("confirm-")
