"""What each part of LCRec is worth, and more ratings: the variants that `ablate` measures, and what it has saved."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lcrec_core.errors import LCRecError
from lcrec_core.files import parse
from lcrec_core.models.bundle import artifacts_root


@dataclass(frozen=True)
class Variant:
    """LCRec without something."""

    name: str
    what: str
    """In words, as the table says it."""
    network: dict[str, Any] = field(default_factory=dict)
    """Settings of the network that differ."""
    run: dict[str, Any] = field(default_factory=dict)
    """Settings of its training that differ."""
    has_backbone: bool = True
    has_network: bool = True
    backbone: dict[str, Any] = field(default_factory=dict)
    """Settings of the backbone that differ; only without a network, for nothing is sampled fold by fold again."""
    share: float = 1.0
    """Of the training ratings that are used."""


NO_TITLES, NO_HISTORY = {"reads_titles": False}, {"reads_history": False}

VARIANTS = (
    Variant("whole", "LCRec, whole"),
    Variant("no-titles", "without the title CNN", network=NO_TITLES),
    Variant("no-history", "without the LSTM", network=NO_HISTORY),
    Variant("no-both", "without the CNN and the LSTM", network=NO_TITLES | NO_HISTORY),
    Variant("no-short", "without people asked by a few ratings in training", run={"short_histories": 0.0}),
    Variant("no-averaging", "without averaged weights", run={"averaging": 0.0}),
    Variant("no-backbone", "without the backbone: LSTM and CNN alone", has_backbone=False),
    Variant("only-lstm", "LSTM alone", network=NO_TITLES, has_backbone=False),
    Variant("only-cnn", "CNN alone", network=NO_HISTORY, has_backbone=False),
    Variant("only-backbone", "backbone alone", has_network=False),
    Variant("backbone-no-sets", "backbone alone, without the sets", has_network=False, backbone={"set_scale": 0.0}),
    Variant(
        "backbone-one-noise", "backbone alone, one noise for all", has_network=False, backbone={"noise_ratings": 1e9}
    ),
    *(
        Variant(f"share-{percent}", f"LCRec, {percent} % of the training ratings", share=percent / 100)
        for percent in (10, 25, 50)
    ),
)


@dataclass(frozen=True)
class Measured:
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

    variants: list[Measured]
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


def read(data: str, root: Path | None = None) -> list[Measured]:
    """What is saved, in the order of `VARIANTS`; nothing where there is no file.

    Raises:
        AblationError: The file is not what `run` writes.
    """
    path = path_of(data, root)
    try:
        found: list[Measured] = parse(path.read_bytes(), _File).variants
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise AblationError(
            f"it is no saved ablation ({said})", where=path, advice="remove it to measure it again"
        ) from error
    order = {variant.name: place for place, variant in enumerate(VARIANTS)}
    return sorted((entry for entry in found if entry.name in order), key=lambda entry: order[entry.name])
