"""The embedded demo data: real films, made-up people.

The people and their ratings come from `simulate(0)` and are kept in the package, so that the app
starts at once and the data are the same on every machine. `generate` makes the files again.
"""

from lcrec_core.sources.demo.files import generate, load_demo

__all__ = ["generate", "load_demo"]
