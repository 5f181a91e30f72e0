"""What a mutant is: one small change of a module, of the kind that a tired hand makes.

Annotations, decorators, imports and docstrings stay as they are: nothing is computed from them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Mutant:
    place: str
    """The function, `Class.method` or `module`."""
    line: int
    was: str
    """What changes, with as much around it as a line holds, as `ast.unparse` writes it."""
    becomes: str
    node: int
    """Which node of `ast.walk` changes, and which of its changes this is."""
    change: int

    def __str__(self) -> str:
        return f"{self.line} {self.place}: {self.was}  →  {self.becomes}"


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a module's source, in the order of its lines."""
    tree = ast.parse(source)
    untouched = _untouched(tree)
    found: list[Mutant] = []
    for at, (node, above) in enumerate(_walk(tree)):
        if node in untouched or any(each in untouched for each in above):
            continue
        for change, replacement in enumerate(changes(node)):
            around = _around(node, above)
            becomes = _head(_replaced(around, node, replacement))
            line = next(each.lineno for each in (node, *reversed(above)) if hasattr(each, "lineno"))
            found.append(Mutant(_place(above, node), line, _head(around), becomes, at, change))
    return sorted(found, key=lambda mutant: mutant.line)


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The module with that one change made."""
    tree = ast.parse(source)
    node = next(node for at, (node, _) in enumerate(_walk(tree)) if at == mutant.node)
    replacement = list(changes(node))[mutant.change]
    changed = _replaced(tree, node, replacement)
    assert isinstance(changed, ast.Module)
    return ast.fix_missing_locations(changed)


def _walk(node: ast.AST, above: tuple[ast.AST, ...] = ()) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    yield node, above
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, (*above, node))


def _replaced(tree: ast.AST, node: ast.AST, replacement: ast.AST) -> ast.AST:
    """A copy of the tree with the node replaced; what does not hold it is shared."""
    if tree is node:
        return replacement if not hasattr(node, "lineno") else ast.copy_location(replacement, node)
    new = copy(tree)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.AST):
            setattr(new, field, _replaced(value, node, replacement))
        elif isinstance(value, list):
            setattr(new, field, [_replaced(v, node, replacement) if isinstance(v, ast.AST) else v for v in value])
    return new


def _around(node: ast.AST, above: tuple[ast.AST, ...]) -> ast.AST:
    """The node with as much around it, up to its statement, as a line holds."""
    around = node
    for wider in reversed(above):
        known = isinstance(around, ast.expr | ast.stmt)
        if isinstance(around, ast.stmt) or (known and len(_head(wider)) > WIDTH):
            break
        around = wider
    return around


def _head(statement: ast.AST) -> str:
    """A statement in one line; of one with a body its head."""
    if isinstance(statement, ast.stmt) and hasattr(statement, "body"):
        statement = copy(statement)
        statement.body = [ast.Pass()]
        if hasattr(statement, "decorator_list"):
            statement.decorator_list = []
        if hasattr(statement, "orelse"):
            statement.orelse = []
        return ast.unparse(ast.fix_missing_locations(statement)).rpartition("\n")[0]
    return " ".join(ast.unparse(ast.fix_missing_locations(statement)).split())


def _place(above: tuple[ast.AST, ...], node: ast.AST) -> str:
    names = [each.name for each in (*above, node) if isinstance(each, ast.FunctionDef | ast.ClassDef)]
    return ".".join(names) or "module"


def _untouched(tree: ast.Module) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        found |= {part for part in _unread(node) if part is not None}
    return found


def _unread(node: ast.AST) -> list[ast.AST | None]:
    match node:
        case ast.FunctionDef():
            return [node.returns, *node.decorator_list]
        case ast.ClassDef():
            return list(node.decorator_list)
        case ast.arg() | ast.AnnAssign():
            return [node.annotation]
        case ast.Import() | ast.ImportFrom():
            return [node]
        case ast.Expr(ast.Constant(str())):
            return [node]
        case ast.Subscript(ast.Name("Literal")):
            return [node]
        case ast.FormattedValue():
            return [node.format_spec]
    return []


# --- the changes

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "ROUND_HALF_UP": "ROUND_HALF_EVEN",
    "ROUND_HALF_EVEN": "ROUND_HALF_UP",
}
METHODS = {"floor": "ceil", "ln": "log10", "startswith": "endswith", "lower": "upper"}
NUMBERS = re.compile(r"-?\d+(\.\d+)?( -?\d+(\.\d+)?)*")


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may stand in this one's place."""
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BinOp() | ast.AugAssign():
            yield from _operated(node)
        case ast.BoolOp():
            yield from _joined(node)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Constant():
            yield from map(ast.Constant, _values(node.value))
        case ast.Name() | ast.Call():
            yield from _called(node)
        case ast.Slice():
            yield from _sliced(node)
        case ast.Tuple() | ast.Set() | ast.List():
            yield from _shortened(node)
        case ast.comprehension():
            yield from (_with(node, ifs=[each for each in node.ifs if each is not one]) for one in node.ifs)
        case ast.stmt():
            yield from _done(node)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for at, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])


def _operated(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    if type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node, ast.AugAssign):
        yield from (ast.Pass(), ast.Assign([node.target], node.value))


def _joined(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for one in node.values:
        rest = [each for each in node.values if each is not one]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _values(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case str() if NUMBERS.fullmatch(value):
            yield from _other_numbers(value)
        case str():
            yield f"{value}~"


def _other_numbers(text: str) -> Iterator[str]:
    """Each number of a text a last digit off."""
    numbers = text.split(" ")
    for at, number in enumerate(numbers):
        last = str((int(number[-1]) + 1) % 10)
        yield " ".join([*numbers[:at], number[:-1] + last, *numbers[at + 1 :]])


def _called(node: ast.Name | ast.Call) -> Iterator[ast.AST]:
    match node:
        case ast.Name(name, ast.Load()) if name in NAMES:
            yield _with(node, id=NAMES[name])
        case ast.Call(ast.Attribute(attr=name) as func) if name in METHODS:
            yield _with(node, func=_with(func, attr=METHODS[name]))
        case ast.Call(ast.Attribute(attr="get"), [key, _]):
            yield _with(node, args=[key])
        case ast.Call(ast.Attribute(value, "strip" | "rstrip" | "normalize")):
            yield value


def _sliced(node: ast.Slice) -> Iterator[ast.AST]:
    for end in ("lower", "upper"):
        if getattr(node, end) is not None:
            yield _with(node, **{end: None})


def _shortened(node: ast.Tuple | ast.Set | ast.List) -> Iterator[ast.AST]:
    if len(node.elts) > 1 and all(isinstance(each, ast.Constant) for each in node.elts):
        for one in node.elts:
            yield _with(node, elts=[each for each in node.elts if each is not one])


def _done(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.If() | ast.While():
            yield _with(node, test=ast.Constant(False))
            if isinstance(node, ast.If):
                yield _with(node, test=ast.Constant(True))
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Raise():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
