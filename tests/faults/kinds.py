"""Every kind of fault that is tried, in the order of the README's table."""

from tests.faults import (
    damaged_bundles,
    damaged_stores,
    damaged_zips,
    hostile_browser,
    hostile_titles,
    killed_files,
    killed_store,
    killed_training,
    writers,
)
from tests.faults.outcome import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        killed_store.KIND,
        *killed_files.KINDS,
        *killed_training.KINDS,
        writers.KIND,
        damaged_zips.KIND,
        damaged_bundles.KIND,
        damaged_stores.KIND,
        hostile_titles.KIND,
        hostile_browser.KIND,
    )
}
"""By name."""
