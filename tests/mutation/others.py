"""The mutants that mutmut leaves out, made with its means and run by its runner.

mutmut changes the inside of plain functions. Here it is what a module or a class says outside
of them (constants, tables, defaults), what is in functions with a decorator (properties), and
calls whose result nobody wants, each left out once. A module is changed as a whole and imported
anew for each mutant, so that names imported from it elsewhere are the changed ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
import sys
from types import CodeType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.configuration import config
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.workers.isolation import ForkServerRunner

from .fate import Fate, Killed, Survivor, is_too_long

OURS = ("custom_components", "simulator", "tests")


@dataclass(frozen=True)
class Other:
    """A mutant.

    Attributes
    ----------
    file
        The file that is changed.
    place
        The function or class that the change is in; empty for the module itself.
    source
        The whole file, changed.
    """

    file: str
    place: str
    source: str


def _left_out(call: cst.Expr) -> Iterator[cst.Pass]:
    """Leave out a call whose result nobody wants."""
    value = call.value.expression if isinstance(call.value, cst.Await) else call.value
    if isinstance(value, cst.Call):
        yield cst.Pass()


class _Visitor(MutationVisitor):  # type: ignore[misc]
    """Goes into functions with a decorator too, and knows where it is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__([*mutation_operators, (cst.Expr, _left_out)], *arguments)
        self.others: list[tuple[str, Any]] = []
        self._around: list[Any] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._around.append(node)
        return bool(super().on_visit(node))

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._around and original_node is self._around[-1]:
            self._around.pop()
        super().on_leave(original_node)

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and node.decorators:
            return False
        if isinstance(node, cst.TypeAlias):
            return True
        return bool(super()._skip_node_and_children(node))

    def _create_mutations(self, node: cst.CSTNode) -> None:
        before = len(self.mutations)
        super()._create_mutations(node)
        functions = [at for at in self._around if isinstance(at, cst.FunctionDef)]
        mutmuts = functions and not any(map(super()._skip_node_and_children, functions))
        if mutmuts and not isinstance(node, cst.Expr):
            return
        place = ".".join(at.name.value for at in self._around)
        self.others += [(place, mutation) for mutation in self.mutations[before:]]


def _made_of(file: str) -> Iterator[Other]:
    """Make the mutants of a file."""
    source = Path(file).read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(get_ignored_lines(file, source, wrapper))
    module = wrapper.visit(visitor)
    for place, mutation in visitor.others:
        changed = deep_replace(module, mutation.original_node, mutation.mutated_node)
        yield Other(file, place, changed.code)


class _Changed(SourceFileLoader):
    """Loads, and finds, one module whose source is another than its file says."""

    def __init__(self, mutant: Other) -> None:
        path = Path(mutant.file).with_suffix("")
        parts = path.parts[:-1] if path.name == "__init__" else path.parts
        super().__init__(".".join(parts), str(Path(mutant.file).resolve()))
        self.source = mutant.source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != self.name:
            return None
        return spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec")


class _Runner(PytestRunner):  # type: ignore[misc]
    """Runs tests of a mutant in a process where only modules of others are imported."""

    def __init__(self, mutants: dict[str, Other]) -> None:
        super().__init__()
        self._mutants = mutants

    def warm_up(self) -> None:
        selected = self._pytest_add_cli_args_test_selection
        self.execute_pytest(["--collect-only", "-qqq", *selected])
        for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
            del sys.modules[name]

    def run_tests(self, *, mutant_name: str, tests: list[str]) -> int:
        sys.meta_path.insert(0, _Changed(self._mutants[mutant_name]))
        return int(self.execute_pytest(self._pytest_args_regular_run(tests)))


def _tests_of(file: str) -> list[str]:
    """Return the tests that call a function of the package that the file is in."""
    package = ".".join(Path(file).parent.parts)
    return sorted(
        {
            test
            for function, tests in state().tests_by_mangled_function_name.items()
            if function.startswith(f"{package}.")
            for test in tests
        }
    )


def _run(mutants: dict[str, Other], processes: int) -> dict[str, int]:
    """Return how pytest ended for each mutant."""
    runner = ForkServerRunner(processes, _Runner, {"mutants": mutants})
    ended: dict[str, int] = {}

    def take() -> None:
        result = runner.wait_for_result()
        ended[result.mutant_name] = result.exit_code
        print(f"{len(ended)}/{len(mutants)}", end="\r", flush=True)

    runner.startup()
    for name, mutant in mutants.items():
        while not runner.has_capacity():
            take()
        tests = _tests_of(mutant.file)
        seconds = sum(state().duration_by_test[test] for test in tests)
        limit = (seconds + config().timeout_constant) * config().timeout_multiplier
        runner.submit(name, tests, round(limit * 2), seconds)
    runner.signal_work_complete()
    while runner.pending_count():
        take()
    runner.shutdown()
    return ended


def of_others(files: list[str], processes: int) -> Iterator[Fate]:
    """Run the others of some files; tell what came of each."""
    mutants = {
        f"{file}:{number}": mutant
        for file in files
        for number, mutant in enumerate(_made_of(file))
    }
    unchanged = {
        f"{file}: unchanged": Other(file, "", Path(file).read_text()) for file in files
    }
    ended = _run(unchanged | mutants, processes)
    if failed := {name: ended[name] for name in unchanged if ended[name]}:
        sys.exit(f"mutate: tests fail with nothing changed: {failed}")
    for name, mutant in mutants.items():
        if is_too_long(ended[name]):
            yield Killed.BY_THE_CLOCK
        elif ended[name]:
            yield Killed.BY_A_TEST
        else:
            lines = Path(mutant.file).read_text().splitlines()
            diff = unified_diff(lines, mutant.source.splitlines(), n=0, lineterm="")
            yield Survivor.of(mutant.file, mutant.place, diff)
