"""Settings of the blend."""

from dataclasses import dataclass

from lcrec_core.models.settings import check_numbers


@dataclass(frozen=True)
class BlendConfig:
    """Settings of the blend; those of its parts are their defaults."""

    seed: int = 0
    """Of the split, and of what the parts draw."""
    epochs: int = 1
    """One fit of each part."""
    picks: float = 60.0
    """How many picks the pick model's probabilities are multiplied by, before what liked movies say is added."""
    has_holes: bool = False
    """Whether histories lack ratings in between, as they do where a test part was drawn at random, and as nobody's do
    who is asked at a moment: then what was rated in one sitting tells what is missing, and little else does."""

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.picks < 0:
            raise ValueError(f"picks must be zero or more, got {self.picks}")
