"""Settings of the simple lists."""

from dataclasses import dataclass

from lcrec_core.models.settings import check_numbers


@dataclass(frozen=True)
class SimpleConfig:
    """Settings of a list that counts or draws."""

    seed: int = 0
    """Of the split, and of what is drawn."""
    epochs: int = 1
    """One fit."""

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class RecentConfig(SimpleConfig):
    """Settings of a list that counts the last ratings alone."""

    days: int = 30
    """Length of the time before the last rating that counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.days < 1:
            raise ValueError(f"days must be at least 1, got {self.days}")
