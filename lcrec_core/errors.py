"""The errors a person can do something about.

Every message is one line that names the file, the row or the field, and what to do.
The command line prints it and exits with `exit_code`; the app shows it in a box.
"""


class LCRecError(Exception):
    """Base of every error that is meant to be read by a person."""

    exit_code = 1


class DataError(LCRecError):
    """A data set is missing, damaged or inconsistent."""

    exit_code = 3


class BundleError(LCRecError):
    """A trained bundle is missing, damaged, or does not belong to this data."""

    exit_code = 4


class ProfileError(LCRecError):
    """A profile does not exist, or a value given for it is not allowed."""

    exit_code = 5


class DownloadError(LCRecError):
    """A download could not be completed; nothing half-done is left behind."""

    exit_code = 6


class TrainingError(LCRecError):
    """A training run cannot start, cannot be resumed, or has diverged."""

    exit_code = 7
