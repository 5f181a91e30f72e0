"""Named methods by family: what `sum`, `mean` and recode tables cannot say. A line a module."""

from __future__ import annotations

from collections.abc import Mapping

from pro.domain.methods import change, eular, flare, function, joints, quality, safety
from pro.domain.methods.outcome import Method

METHODS: Mapping[str, Method] = {
    **change.METHODS,
    **eular.METHODS,
    **flare.METHODS,
    **function.METHODS,
    **joints.METHODS,
    **quality.METHODS,
    **safety.METHODS,
}
