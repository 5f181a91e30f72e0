"""What every application makes anew and alike is made once in a test process: a test with pages makes an application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class Kept(BytecodeCache):
    """The templates' compiled code, kept in memory; jinja2 itself holds it against the template's text."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


def compile_once() -> None:
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Kept()}
    compiled, builders = Rule._compile_builder, dict[object, Callable[..., tuple[str, str]]]()

    def builder(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """The function takes its rule as an argument: rules of one address and the same defaults can share it."""
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in builders:
            builders[key] = compiled(rule, append_unknown)
        return builders[key]

    Rule._compile_builder = builder  # type: ignore[method-assign]
