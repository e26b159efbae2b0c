"""What a kind of fault came to: how often it was tried, and which tries failed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """Tries of one kind."""

    tried: int
    failures: tuple[str, ...]
    """One line each, beginning with what tries that one again."""

    @property
    def failed(self) -> int:
        return len(self.failures)

    def __str__(self) -> str:
        return "\n".join((f"{self.failed} of {self.tried} failed", *self.failures))


@dataclass(frozen=True)
class Kind:
    """One kind of fault. Try `index` of a seed is the same whatever else is tried."""

    name: str
    """For `python -m tests.faults NAME`."""
    label: str
    """As the README's table has it."""
    check: Callable[[range, int, Path], dict[int, str]]
    """Called with the indices to try, the seed, and a folder of its own; answers with the failures by index."""
    short: int
    """Tries in the test suite."""
    long: int
    """Tries of `make faults`."""
    merge_chains: bool = False
    """Whether the tries are one scene, of which none can be made on its own."""

    def run(self, count: int, seed: int, folder: Path) -> Outcome:
        """Make the first `count` tries of a seed."""
        return self.run_some(range(count), seed, folder)

    def run_some(self, indices: range, seed: int, folder: Path) -> Outcome:
        """Make these tries of a seed."""
        folder.mkdir(parents=True, exist_ok=True)
        found = self.check(indices, seed, folder)
        again = f"python -m tests.faults {self.name} --seed {seed}"
        only = "--count" if self.merge_chains else "--only"
        return Outcome(
            len(indices),
            tuple(
                f"`{again} {only} {len(indices) if self.merge_chains else index}`: {found[index]}"
                for index in sorted(found)
            ),
        )
