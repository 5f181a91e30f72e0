"""What a log may say of a fault: its kind and its place. Messages and parameters may hold answers, names or numbers."""

from __future__ import annotations

import os
import traceback


def place_of(error: BaseException) -> str:
    """`ValueError in closing.py:70`: the innermost place in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}pro{os.sep}" in frame.filename] or list(frames)
    at = f" in {os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{at}"
