"""The name that a choice of parameters gives to the folders of what is made of it."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from igstudy.engine.parameters import Parameters


def folder_name(params: Path, chosen: Parameters, changed: Iterable[str] = ()) -> str:
    """The name of a parameters file and of the chosen values that are not the file's: ``objects+images=2``.

    Only a file of the project's own, ``params/NAME.yaml``, gives its bare name; what is long or has odd characters is
    told by a digest.
    """
    own = params.resolve() == Path("params", f"{params.stem}.yaml").resolve() and "+" not in params.stem
    parts = [params.stem if own else f"{params.stem}-{short_digest(str(params.resolve()).encode())}"]
    values = chosen.as_dict()
    for name in sorted(set(changed)):
        value = values[name]
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        is_plain = re.fullmatch(r"[A-Za-z0-9.,_-]{1,40}", text)
        parts += [f"{name}={text if is_plain else short_digest(text.encode())}"]
    whole = "+".join(parts)
    return whole if len(whole.encode()) <= 160 else f"{params.stem[:30]}-{short_digest(whole.encode())}"


def short_digest(content: bytes) -> str:
    """Eight digits, enough to tell a few names or texts apart."""
    return sha256(content).hexdigest()[:8]
