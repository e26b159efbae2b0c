"""The errors a person can do something about.

Every message is one line that names the file, the row or the field, and what to do. The command line
prints it whole and exits with `exit_code`; the app shows a visitor `for_visitors`, which names no path
and no command of the server.
"""

from pathlib import Path


class LCRecError(Exception):
    """Base of every error that is meant to be read by a person.

    Args:
        message: What is wrong, and what anybody can do about it; without a path or a command.
        where: The file it is about: shown whole to whoever runs LCRec, to a visitor by its name alone.
        advice: What whoever runs LCRec can do; may hold paths and commands. A visitor never sees it.
    """

    exit_code = 1

    def __init__(self, message: str = "", *, where: Path | None = None, advice: str = "") -> None:
        self.message = message
        self.where = where
        self.advice = advice
        located = f"{where}: {message}" if where else message
        super().__init__(f"{located}; {advice}" if advice else located)

    @property
    def for_visitors(self) -> str:
        """The error as somebody may read it who only visits the app."""
        return f"{self.where.name}: {self.message}" if self.where else self.message


class DataError(LCRecError):
    """A data set is missing, damaged or inconsistent."""

    exit_code = 3


class BundleError(LCRecError):
    """A trained bundle is missing, damaged, or does not belong to this data."""

    exit_code = 4


class ProfileError(LCRecError):
    """A profile does not exist, or a value given for it is not allowed."""

    exit_code = 5


class UnknownProfileError(ProfileError):
    """No profile has this token: it was never given out, or its profile was deleted."""


class DownloadError(LCRecError):
    """A download could not be completed; nothing half-done is left behind."""

    exit_code = 6


class TrainingError(LCRecError):
    """A training run cannot start, cannot be resumed, or has diverged."""

    exit_code = 7
