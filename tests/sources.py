"""The modules of the package and what each one imports, read from their text and never by importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTROLLER = ROOT / "controller"
MODULES = sorted(path for path in CONTROLLER.rglob("*.py") if "_project" not in path.parts)


def module_id(path: Path) -> str:
    """Return a module's path as a test shows it."""
    return str(path.relative_to(ROOT))


def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a module imports anywhere, inside functions and by call too."""
    return {name for node in ast.walk(_tree(path)) for name in _names(node, path)}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods of a module."""
    return (node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _names(node: ast.AST, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, path)
        # `from controller import run` imports a room as much as `import controller.run` does.
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and (name := _imported_by_call(node)):
        yield name


def _base(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = path.parent.relative_to(ROOT).parts
    return ".".join((*package[: len(package) - node.level + 1], *((node.module,) if node.module else ())))


def _imported_by_call(node: ast.Call) -> str | None:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    first = node.args[0] if node.args else None
    if called in {"import_module", "__import__"} and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None
