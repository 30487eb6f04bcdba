"""How pimotion is called on this machine, for messages whose commands can be pasted."""

from __future__ import annotations

import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path


def command(rest: str = "") -> str:
    """Return ``python -m pimotion`` as it can be typed in this folder, with ``rest`` behind it.

    Outside of its environment ``python`` is another one, which knows nothing of pimotion.
    """
    python = Path(sys.executable)
    if shutil.which("python") == str(python):
        python = Path("python")
    else:
        with suppress(OSError, ValueError):  # no folder any more, or not in it
            python = python.relative_to(Path.cwd())
    return f"{shlex.quote(str(python))} -m pimotion {rest}".rstrip()
