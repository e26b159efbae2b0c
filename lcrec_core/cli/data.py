"""Commands that get data sets, replace them and remove them."""

import sys
from argparse import Namespace
from pathlib import Path

from tqdm import tqdm

from lcrec_core.cli.options import Add, a_seed, a_share, log, new_command
from lcrec_core.errors import DownloadError
from lcrec_core.sources import datasets
from lcrec_core.sources import download as releases
from lcrec_core.sources.made.shapes import SHAPES
from lcrec_core.sources.releases import RELEASES, licence_text


def add_commands(add: Add) -> None:
    """`download`, `install`, `remove`, `make-demo` and `make-data`."""
    download_options = new_command(
        add,
        download,
        "download",
        "download a MovieLens data set, once you accept its licence",
        "download ml-1m",
    )
    names = ", ".join(RELEASE_NAMES)
    download_options.add_argument("data", choices=RELEASE_NAMES, metavar="NAME", help=names)
    download_options.add_argument("--accept-licence", action="store_true", help="accept the terms without being asked")
    download_options.add_argument("--force", action="store_true", help="download it even if it is there")

    install_options = new_command(
        add,
        install,
        "install",
        "put a MovieLens zip you already have, or data of your own in its form, into the data folder",
        "install ~/Downloads/my-films.zip --name my-films",
    )
    install_options.add_argument("zip", type=Path, metavar="ZIP", help="the zip; it is checked, and a copy is made")
    install_options.add_argument("--name", metavar="NAME", help="which release it is, or a name for data of your own")
    install_options.add_argument("--replace", action="store_true", help="put it in the place of one of that name")

    remove_options = new_command(add, remove, "remove", "delete a data set from the data folder", "remove my-films")
    remove_options.add_argument(
        "data", metavar="NAME", help="a release or data of your own; what was trained on it stays"
    )

    demo_options = new_command(
        add, make_demo, "make-demo", "simulate the demo's people and ratings again", "make-demo --seed 0"
    )
    demo_options.add_argument(
        "--seed", type=a_seed, default=0, metavar="N", help="0 gives the data that ship (default: 0)"
    )
    demo_options.add_argument("--folder", type=Path, metavar="PATH", help="where to write (default: into the package)")

    made_options = new_command(
        add,
        make_data,
        "make-data",
        "make up a data set of the size and shape of a large release, to measure with",
        "make-data --like ml-32m --share 0.1",
    )
    made_options.add_argument("--like", choices=tuple(SHAPES), required=True, help="the release")
    made_options.add_argument(
        "--share", type=a_share(0), default=1.0, metavar="SHARE", help="of its people and ratings (default: 1)"
    )
    made_options.add_argument("--seed", type=a_seed, default=0, metavar="N", help="of all that is drawn (default: 0)")
    made_options.add_argument(
        "--out", type=Path, metavar="FOLDER", help="a new folder (default: own/LIKE-made in the data folder)"
    )


RELEASE_NAMES = tuple(RELEASES)


def download(options: Namespace) -> int:
    """Show the terms, ask, and download.

    Raises:
        DownloadError: The terms were not accepted, or the download failed.
    """
    name = options.data
    there = datasets.find(name)
    if there and not options.force:
        print(f"{name} is already here: {there}")
        return 0
    log(licence_text(name))
    if not options.accept_licence and not _accepted():
        raise DownloadError(
            f"{name} was not downloaded: its terms were not accepted", advice="answer yes, or give --accept-licence"
        )
    with tqdm(desc=f"{name}.zip", unit="B", unit_scale=True, unit_divisor=1024, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        path = releases.download(name, progress=show)
    print(f"{name} is now in {path}")
    return 0


def install(options: Namespace) -> int:
    """Check a zip and copy it into the data folder."""
    name = datasets.install(options.zip.expanduser(), options.name, replace=options.replace)
    print(f"{name} is now in {datasets.find(name)}")
    return 0


def remove(options: Namespace) -> int:
    """Delete a data set's zip from the data folder."""
    from lcrec_core.training import jobs

    jobs.refuse_while_training_on(options.data)
    print(f"{options.data} is gone: {datasets.remove(options.data)} was deleted")
    return 0


def make_demo(options: Namespace) -> int:
    """Write the demo's simulated people and ratings again."""
    from lcrec_core.sources import demo

    folder: tuple[Path, ...] = (options.folder,) if options.folder else ()
    demo.generate(options.seed, *folder)
    data = demo.load_demo(*folder)
    people, movies, ratings = (f"{len(table):,}" for table in (data.users, data.movies, data.ratings))
    print(f"demo: {ratings} ratings of {movies} movies by {people} simulated people, seed {options.seed}")
    return 0


def make_data(options: Namespace) -> int:
    """Write a data set of the shape of a release, whose people are made up."""
    from lcrec_core.sources.made.files import make

    folder = options.out or datasets.own_folder(f"{options.like}-made")
    with tqdm(desc=folder.name, unit=" ratings", unit_scale=True, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        made = make(options.like, folder.expanduser(), options.share, options.seed, show)
    print(
        f"{folder.name}: {made.ratings:,} ratings of {made.movies:,} movies by {made.people:,} simulated people, "
        f"seed {made.seed}, in {folder}"
    )
    return 0


def _accepted() -> bool:
    print("Do you accept these terms? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
