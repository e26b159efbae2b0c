"""What `ablate` has measured and saved: what each part of a family is worth, and more ratings."""

from dataclasses import dataclass
from pathlib import Path

from lcrec_core.errors import LCRecError
from lcrec_core.files import artifacts_root, parse
from lcrec_core.models.contract import Family


@dataclass(frozen=True)
class VariantResult:
    """One variant's errors on the validation part."""

    name: str
    what: str
    later: bool
    """Whether what the person rated after the target's time was read."""
    ratings: int
    """Trained on."""
    mse: float
    mae: float
    log_loss: float | None
    """None for a backbone alone, which gives no distribution."""


@dataclass(frozen=True)
class _File:
    """What ablation.json holds."""

    variants: list[VariantResult]
    data: str = ""
    protocol: str = ""
    part: str = ""
    seed: int = 0


class AblationError(LCRecError):
    """The saved ablation cannot be used."""

    exit_code = 4


def path_of(data: str, root: Path | None = None) -> Path:
    """Where a data set's ablation lies."""
    return (root or artifacts_root()) / data / "ablation.json"


def read(data: str, family: Family, root: Path | None = None) -> list[VariantResult]:
    """What is saved, in the order of the family's variants; nothing where there is no file.

    Raises:
        AblationError: The file is not what `run` writes.
    """
    path = path_of(data, root)
    try:
        found: list[VariantResult] = parse(path.read_bytes(), _File).variants
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise AblationError(
            f"it is no saved ablation ({said})", where=path, advice="remove it to measure it again"
        ) from error
    order = {variant.name: place for place, variant in enumerate(family.variants)}
    return sorted((entry for entry in found if entry.name in order), key=lambda entry: order[entry.name])
