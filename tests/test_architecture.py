"""The house rules that a program can check: who imports whom, what is never called, how long things are."""

import ast
import builtins
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = "forward_forward"
SOURCE = ROOT / "src" / PACKAGE

# From the bottom up, as in docs/design.md. A module imports what stands before its own "<", and from its own
# package; modules between the same two "<" do not import one another.
ORDER = """
errors < discover files plain_json allocator environment randomness slopes < goodness < losses < normalization
< precision < labels < spec encoding
< layers < networks < readout context < negatives hybrids generated augment adversarial video
< baselines < data < training exhibits < beyond < hardware
< record_checks < records < results < tables < pictures < report < recipes < memory < reproduce
< hub model_card model_checks blueprints events < model_folder < models gallery overview composition
< text_composition journal answers < tuning < experiment
< distributed estimators export streams web < benchmarks < console < commands < cli < __main__
"""
RANKS = {name: rank for rank, row in enumerate(ORDER.split("<")) for name in row.split()}
WINGS = {"beyond", "hardware", "distributed", "estimators", "export", "streams", "web"}
MAY_IMPORT_WINGS = WINGS | {"benchmarks", "commands", "cli", "__main__"}
STUDIES = "recipes.study_"  # recipes that study what a wing holds

FORBIDDEN = {
    r"(builtins\.)?(eval|exec)": "runs text as code",
    r"torch\.(load|save)": "pickles; use safetensors",
    r"(c?[pP]ickle|dill|cloudpickle|joblib|marshal|shelve)(\..*)?": "pickles; use safetensors or JSON",
    r"torch\.(random\.|cuda\.)?(manual_seed|seed|set_rng_state)(_all)?": "global; take a Generator",
    r"numpy\.random\.(?!default_rng|Generator|SeedSequence|RandomState)\w+": "global; use default_rng",
    r"random\.(?!Random\b|SystemRandom\b)\w+": "global; take a generator",
    r"torchvision(\..*)?": "does not import beside a CPU torch",
}
DRAWS = re.compile(r"torch\.(bernoulli|multinomial|normal|rand|randn|randint|randperm)(_like)?")
# Some take a second to import; `ff --help` must not wait.
HEAVY = ("torch", "sklearn", "matplotlib", "pandas", "pyarrow", "PIL")

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40
# "training/loop.py" or "training/loop.py::name" -> the reason
LONG_FOR_A_REASON: dict[str, str] = {
    "commands/predict.py::predict": "its signature is the list of options",
    "commands/train.py::train": "its signature is the list of options",
}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def short_name(path: Path) -> str:
    """Return a module's name below the package: 'layers.dense', 'layers'; '' for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {path: parse(path) for path in sorted(SOURCE.rglob("*.py"))}
MODULES = {short_name(path): path for path in TREES}
every_file = pytest.mark.parametrize("path", TREES, ids=lambda p: p.relative_to(SOURCE).as_posix())


def imported(path: Path) -> Iterator[str]:
    """Yield the full dotted name of everything a file imports, wherever in the file it does."""
    name = short_name(path)
    package = [PACKAGE, *name.split(".")] if name else [PACKAGE]
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> set[str]:
    """Return the modules of this package that a file imports, by short name."""
    found = set()
    for name in imported(path):
        if name == PACKAGE or name.startswith(PACKAGE + "."):
            below = name.removeprefix(PACKAGE).lstrip(".")
            found.add(below if below in MODULES else below.rpartition(".")[0])
    return found - {""}  # the package itself holds the version only


def top(name: str) -> str:
    return name.partition(".")[0]


def dotted(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """Return what a name or an attribute chain stands for, 'np.random.seed' -> 'numpy.random.seed'."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id if hasattr(builtins, node.id) else None)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, aliases)
        return base and f"{base}.{node.attr}"
    return None


def aliases_of(tree: ast.Module) -> dict[str, str]:
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = top(alias.name)
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def forbidden_in(tree: ast.Module) -> Iterator[str]:
    """Yield a line for each use of something FORBIDDEN, each global draw, and each unsafe option."""
    aliases = aliases_of(tree)
    named = {dotted(node, aliases) for node in ast.walk(tree)} | set(aliases.values())
    for name in sorted(named - {None}):
        yield from (
            f"{name}: {why}" for pattern, why in FORBIDDEN.items() if re.fullmatch(pattern, name)
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            options = {option.arg: ast.unparse(option.value) for option in node.keywords}
            drawn = dotted(node.func, aliases) or ""
            if DRAWS.fullmatch(drawn) and options.get("generator", "None") == "None":
                yield f"line {node.lineno}: {drawn} without a generator"
            for name in ("allow_pickle", "shell"):
                if options.get(name, "False") != "False":
                    yield f"line {node.lineno}: {name}={options[name]}"


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Yield (qualified name, lines without decorators and docstring) of every function."""
    for node in ast.iter_child_nodes(tree):
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        name = f"{prefix}{node.name}" if named else prefix
        if named and not isinstance(node, ast.ClassDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            yield name, lines
        yield from functions(node, f"{name}." if named else prefix)


def too_long() -> dict[str, int]:
    """Return every file and function over its limit, with its length."""
    found = {}
    for path, tree in TREES.items():
        file = path.relative_to(SOURCE).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_FILE_LINES:
            found[file] = lines
        for name, length in functions(tree):
            if length > MOST_FUNCTION_LINES:
                found[f"{file}::{name}"] = length
    return found


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def requirements() -> list[Requirement]:
    """Return all that pyproject.toml asks for: at run time, in extras, and to build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {}).values()
    groups = [project["project"]["dependencies"], project["build-system"]["requires"], *extras]
    return [Requirement(text) for group in groups for text in group]


def needed_by(name: str, version: str) -> Iterator[str]:
    """Yield what an installed distribution needs here; nothing when it is not installed at `version`."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    if distribution.version.partition("+")[0] != version:
        return
    for requirement in map(Requirement, distribution.requires or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


@every_file
def test_module_has_a_place_in_the_order(path):
    name = top(short_name(path))
    assert not name or name in RANKS, (
        f"{name} is new: add it to ORDER in {Path(__file__).name} and to the table of docs/design.md"
    )


@every_file
def test_imports_point_down(path):
    name = short_name(path)
    if top(name) not in RANKS:
        return  # the package's own __init__ shows what lies below it; the test above names a new module
    upward = [
        other
        for other in sorted(own_imports(path))
        if top(other) != top(name) and RANKS.get(top(other), -1) >= RANKS[top(name)]
    ]
    assert not upward, f"{name} imports {upward}, which do not lie below it; see ORDER"


def test_no_import_goes_in_circles():
    inner = {name: path for name, path in MODULES.items() if path.name != "__init__.py"}
    graph = {name: own_imports(path) & set(inner) for name, path in inner.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@every_file
def test_core_never_imports_wings(path):
    name = short_name(path)
    if top(name) in MAY_IMPORT_WINGS or name.startswith(STUDIES):
        return
    assert not WINGS & {top(name) for name in own_imports(path)}


@every_file
def test_nothing_forbidden(path):
    assert not list(forbidden_in(TREES[path]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import torch\ntorch.load('x')", True),
        ("from torch import load as read\nread('x')", True),
        ("import torch as t\nt.manual_seed(0)", True),
        ("import numpy as np\nnp.random.seed(0)", True),
        ("from numpy import random\nrandom.rand(3)", True),
        ("import random\nrandom.shuffle([])", True),
        ("import numpy as np\nnp.load('x', allow_pickle=True)", True),
        ("def f():\n    import pickle", True),
        ("from torchvision.datasets import MNIST", True),
        ("eval('1')", True),
        ("import torch\ntorch.rand(3)", True),
        ("import torch\ntorch.rand(3, generator=g)", False),
        ("net.eval()", False),
        ("import numpy as np\nnp.random.default_rng(0)", False),
        ("import torch\ntorch.Generator().manual_seed(0)", False),
        ("from safetensors.torch import load_file\nload_file('x')", False),
        ("import numpy as np\nnp.load('x', allow_pickle=False)", False),
    ],
)
def test_forbidden_is_found_under_any_name(text, found):
    assert bool(list(forbidden_in(ast.parse(text)))) is found


def test_command_line_starts_without_torch():
    if "cli" not in MODULES:
        pytest.skip("cli.py is not written yet")
    code = f"import sys, {PACKAGE}.cli; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [], "import these inside the functions that need them"


def test_nothing_is_too_long():
    unexplained = {name: n for name, n in too_long().items() if not LONG_FOR_A_REASON.get(name)}
    assert not unexplained, "split these, or give a reason in LONG_FOR_A_REASON"
    assert set(LONG_FOR_A_REASON) <= set(too_long()), "these are short again: drop their reasons"


@pytest.mark.parametrize("requirement", requirements(), ids=lambda r: r.name)
def test_requirement_is_pinned_within_its_range(requirement):
    pin = pins().get(canonicalize_name(requirement.name))
    assert pin is not None, f"pin {requirement.name} in constraints.txt"
    assert requirement.specifier.contains(pin, prereleases=True)


def test_what_the_pinned_need_is_pinned_too():
    pinned = pins()
    missing = {
        f"{need} (for {name})"
        for name, version in pinned.items()
        for need in needed_by(name, version)
        if need not in pinned and not need.startswith(("nvidia-", "cuda-", "triton"))
    }
    assert not missing, "pin these in constraints.txt"


def test_constraints_stay_clear_of_cuda_and_torchvision():
    banned = re.compile(r"nvidia-|cuda|triton|torchvision")
    assert not [name for name in pins() if banned.match(name)]
