"""Commands that answer: lists and predictions for a person, and search."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from lcrec_core.cli.options import (
    MOST,
    Add,
    UsageError,
    a_path,
    a_share,
    an_id,
    data_name,
    engine,
    engine_options,
    json_option,
    log,
    new_command,
    person_and_bundle,
    print_json,
    print_table,
    whole_number,
)
from lcrec_core.data.dataset import Col, Dataset, RatingScale, age_band
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.models import bundles
from lcrec_core.serving.lists import FOR_YOU, HABITS, ORDERS, Wish
from lcrec_core.sources import datasets
from lcrec_core.sources.recognise import printable

if TYPE_CHECKING:
    from lcrec_core.serving.filters import Filters
    from lcrec_core.serving.matching import Match
    from lcrec_core.serving.recommender import Recommender


def add_commands(add: Add) -> None:
    """`recommend`, `recommend-all`, `predict`, `search` and `match`."""
    recommend_options = new_command(
        add,
        recommend,
        "recommend",
        "list the movies a person is expected to pick, and like",
        "recommend --bundle demo --user 11 -n 5 --genre Drama --year-from 1980",
    )
    person_and_bundle(recommend_options)
    recommend_options.add_argument(
        "-n", type=whole_number(1, MOST), default=5, metavar="N", help="how many movies (default: 5)"
    )
    only = recommend_options.add_argument_group("which movies")
    only.add_argument("--genre", action="append", default=[], metavar="GENRE", help="of this genre; may be repeated")
    only.add_argument("--not-genre", action="append", default=[], metavar="GENRE", help="not of it; may be repeated")
    only.add_argument("--year-from", type=whole_number(0, 9999), metavar="YEAR", help="made in this year or later")
    only.add_argument("--year-to", type=whole_number(0, 9999), metavar="YEAR", help="made in this year or earlier")
    only.add_argument("--year-known", action="store_true", help="leave out movies without a year, which pass otherwise")
    only.add_argument(
        "--min-ratings",
        type=whole_number(0, MOST),
        metavar="N",
        help="rated by at least N people (default: as on the For you page)",
    )
    only.add_argument("--include-rated", action="store_true", help="also those the person has rated")
    order = recommend_options.add_argument_group("in which order")
    order.add_argument(
        "--by",
        choices=ORDERS,
        default=FOR_YOU,
        help="for-you: what one will pick, and like (default); rating: predicted rating, as in the paper; "
        "popularity: number of ratings; habits: what goes with what one liked (EASE)",
    )
    order.add_argument(
        "--adventure",
        type=a_share(-1),
        default=0.0,
        metavar="X",
        help="from -1, what everybody knows, to 1, what few know (default: 0)",
    )
    order.add_argument(
        "--mood",
        type=whole_number(1, MOST),
        metavar="N",
        help="picked as after the last N ratings alone (default: all)",
    )
    order.add_argument("--like", type=an_id, metavar="MOVIE", help="more like this movie")
    order.add_argument(
        "--diversity",
        type=a_share(0),
        default=0.0,
        metavar="X",
        help="from 0, by the order alone, to 1, each unlike those above it (default: 0)",
    )
    json_option(recommend_options, "a list of {movie_id, title, genres, predicted, score}")

    all_options = new_command(
        add,
        recommend_all,
        "recommend-all",
        "write everybody's list to a Parquet file; a run that was stopped goes on when it is called again",
        "recommend-all --data ml-1m --out lists.parquet --top 10",
    )
    all_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help="the data set")
    all_options.add_argument("--bundle", metavar="NAME", help="of the rating model (default: the data set's)")
    what = "user_id, rank, movie_id, score, predicted; replaced once all is done"
    all_options.add_argument("--out", required=True, type=a_path, metavar="FILE", help=what)
    all_options.add_argument(
        "--top", type=whole_number(1, MOST), default=5, metavar="N", help="movies for each (default: 5)"
    )
    all_options.add_argument(
        "--people", type=whole_number(1, MOST), metavar="N", help="only the first N (default: everybody)"
    )
    engine_options(all_options, "lists are made")
    json_option(all_options, "{people, made, core_seconds, opening_core_seconds, people_per_core_second}")

    predict_options = new_command(
        add,
        predict,
        "predict",
        "predict what a person would give some movies",
        "predict --bundle demo --user 11 --movie 1 2 3",
    )
    person_and_bundle(predict_options)
    predict_options.add_argument("--movie", type=an_id, nargs="+", required=True, metavar="ID", help="movie ids")
    json_option(predict_options, "a list of {movie_id, title, predicted}")

    search_options = new_command(
        add,
        search,
        "search",
        "find movies by their title, as the Rate page does",
        "search la confidential --data ml-1m",
    )
    search_options.add_argument("text", nargs="+", metavar="TEXT", help="a title or part of it, as you would type it")
    names = ", ".join(datasets.NAMES)
    search_options.add_argument("--data", default="demo", type=data_name, metavar="NAME", help=names)
    search_options.add_argument(
        "-n", type=whole_number(1, MOST), default=10, metavar="N", help="at most so many (default: 10)"
    )
    json_option(search_options, "a list of {movie_id, title, year, num_ratings}")

    match_options = new_command(
        add,
        match,
        "match",
        "show which movies the films of an export are: what the page Bring your history would add",
        "match letterboxd.zip --data ml-1m",
    )
    match_options.add_argument(
        "file", type=a_path, metavar="FILE", help="an export of Letterboxd, IMDb, Trakt, movielens.org or LCRec"
    )
    match_options.add_argument("--data", default="demo", type=data_name, metavar="NAME", help=names)
    json_option(match_options, "a list of {name, year, rating, movie_id, title, why}; movie_id null: no match")


def recommend(options: Namespace) -> int:
    """Print the top N, a line per movie in the form of the paper's Figure 7."""
    recommender = _recommender(options.bundle)
    profile = _profile(options, recommender.data)
    wish = _wish(options, recommender.data)
    top = recommender.top_n(profile, options.n, _filters(options, recommender.data), wish)
    if options.json:
        print_json(
            [
                {
                    "movie_id": r.movie_id,
                    "title": r.title,
                    "genres": list(r.genres),
                    "predicted": r.predicted,
                    "score": r.score,
                }
                for r in top
            ]
        )
        return 0
    for r in top:
        print(" ".join(filter(None, (str(r.movie_id), spoken(r.title), "|".join(r.genres), f"{r.predicted:.2f}"))))
    if not top:
        log("no movie passes: the person has rated them all, or the filters are too narrow")
    return 0


def recommend_all(options: Namespace) -> int:
    """Write everybody's list, with a progress bar on stderr, and print how many a core makes in a second."""
    bundle = bundles.load_rater(options.bundle or options.data)
    if bundle.data != options.data:
        raise UsageError(f"--bundle {bundle.name} is of {bundle.data}, not of {options.data}")
    data = datasets.load(bundle.data)
    from lcrec_core.serving import everybody

    with tqdm(desc=bundle.name, unit=" people", total=options.people or len(data.users), file=sys.stderr) as bar:

        def show(progress: "everybody.Progress") -> None:
            bar.total = progress.people
            if not progress.made:  # what an earlier run had done took this one no time
                bar.initial = progress.done
            bar.update(progress.done - bar.n)

        with engine(options):
            done = everybody.recommend_all(
                bundle, data, options.out, top=options.top, people=options.people, report=show
            )
    if options.json:
        print_json(
            {
                "people": done.people,
                "made": done.made,
                "core_seconds": done.seconds,
                "opening_core_seconds": done.opening,
                "people_per_core_second": done.people_per_core_second,
            }
        )
    elif done.made:
        print(
            f"{options.out}: {done.people:,} people, {done.people_per_core_second:.1f} a second of one core; opening "
            f"the models took {done.opening:.1f} s of all cores"
        )
    else:
        print(f"{options.out}: {done.people:,} people, all made by an earlier run")
    return 0


def predict(options: Namespace) -> int:
    """Print the predicted rating of each movie asked for."""
    recommender = _recommender(options.bundle)
    predicted = recommender.predict(_profile(options, recommender.data), options.movie)
    titles = recommender.data.movies.set_index(str(Col.MOVIE))[Col.TITLE]
    rows = [
        {"movie_id": movie, "title": str(titles[movie]), "predicted": float(rating)}
        for movie, rating in zip(options.movie, predicted, strict=True)
    ]
    if options.json:
        print_json(rows)
    else:
        for row in rows:
            print(f"{row['movie_id']} {spoken(row['title'])} {row['predicted']:.2f}")
    return 0


def search(options: Namespace) -> int:
    """Print the movies whose title is like what was typed, the best first: what the Rate page finds."""
    from lcrec_core.serving.search import TitleIndex, describe

    text = " ".join(options.text)
    data = datasets.load(options.data)
    index = TitleIndex.of(data)
    found = index.search(text, options.n)
    rows = describe(data, found)
    until = "" if index.newest is None else f"; {data.name} has films up to {index.newest}"
    if not rows:
        log(f"no title is like {text!r}{until}")
    elif found.nearest:
        log(f"no title has {text!r}, these are nearest in spelling{until}")
    if options.json:
        print_json(rows)
        return 0
    for row in rows:
        print(f"{row['movie_id']} {spoken(row['title'])} {row['num_ratings']:,} ratings")
    return 0


def match(options: Namespace) -> int:
    """Print each film of an export and the movie that it is, in the order of the file; then what is no film."""
    from lcrec_core.serving import importing
    from lcrec_core.serving.matching import Matcher
    from lcrec_core.sources.history.read import read_file

    history = read_file(options.file)
    data = datasets.load(options.data)
    matches = Matcher.of(data).match(history.entries)
    titles = dict(zip(data.movies[Col.MOVIE].tolist(), data.movies[Col.TITLE].tolist(), strict=True))
    rows = [
        {
            "name": found.entry.name,
            "year": found.entry.year,
            "rating": found.entry.rating,
            "movie_id": found.movie_id,
            "title": None if found.movie_id is None else str(titles[found.movie_id]),
            "why": _why(found, data.scale),
        }
        for found in matches
    ]
    rows += [
        {"name": row.name, "year": row.year, "rating": row.rating, "movie_id": None, "title": None, "why": row.why}
        for row in history.skipped
    ]
    found, asked = sum(row["movie_id"] is not None for row in rows), sum(match.asks for match in matches)
    log(
        f"{history.kind}: {len(rows):,} films, {found:,} of them in {data.name}, {asked:,} to choose, "
        f"{len(matches) - found - asked:,} not there, {len(history.skipped):,} left out"
    )
    for sentence in filter(None, (history.converted, importing.rounding(data.scale))):
        log(sentence)
    if options.json:
        print_json(rows)
        return 0
    table = [["film", "stars", "movie", "why"]]
    for row in rows:
        name = f"{row['name']} ({row['year']})" if row["year"] is not None else str(row["name"])
        stars = "-" if row["rating"] is None else f"{row['rating']:g}"
        title = "-" if row["title"] is None else f"{row['movie_id']} {spoken(row['title'])}"
        table.append([printable(name, 50), stars, printable(title, 60), printable(str(row["why"]), 120)])
    print_table(table)
    return 0


def _why(match: "Match", scale: RatingScale) -> str:
    """Why it is this movie, and what becomes of it."""
    from lcrec_core.serving import importing

    return match.why if match.movie_id is None else "; ".join(filter(None, (match.why, importing.notes(match, scale))))


def _recommender(bundle_name: str) -> "Recommender":
    bundle = bundles.load_rater(bundle_name)
    data = datasets.load(bundle.data)
    if data.simulated:
        log(f"the people of {data.name} are simulated")
    from lcrec_core.serving.parts import ListParts
    from lcrec_core.serving.recommender import Recommender

    return Recommender(bundle, data, ListParts(bundle, data))


def _profile(options: Namespace, data: Dataset) -> Profile:
    """The person asked for, or a new one from the options."""
    described = options.rate or any(v is not None for v in (options.gender, options.age, options.occupation))
    if options.user is not None:
        if described:
            raise UsageError("--user names a person of the data set: leave out --rate, --gender, --age, --occupation")
        return Profile.from_dataset(data, options.user)
    if not described:
        raise UsageError("say for whom: --user ID for a person of the data set, or --rate MOVIE=STARS for a new one")
    occupations = data.users[Col.OCCUPATION].dropna().unique()
    if options.occupation is not None and options.occupation not in occupations:
        raise UsageError(f"no occupation {options.occupation!r}; {data.name} has {', '.join(sorted(occupations))}")
    scale, rated = data.scale, set()
    for movie, stars in options.rate:
        said = f"--rate {movie}={stars:g}"
        if not scale.contains(np.array([stars])).all():
            raise UsageError(f"{said}: ratings go from {scale.low:g} to {scale.high:g} in steps of {scale.step:g}")
        if movie not in data.movies[Col.MOVIE].to_numpy():
            raise UsageError(f"{said}: {data.name} has no movie {movie}")
        if movie in rated:
            raise UsageError(f"{said}: movie {movie} is rated twice; give it one rating")
        rated.add(movie)
    return Profile.of(
        [(movie, stars, order) for order, (movie, stars) in enumerate(options.rate)],
        gender=options.gender,
        age=None if options.age is None else age_band(options.age),
        occupation=options.occupation,
    )


def _wish(options: Namespace, data: Dataset) -> Wish:
    steers = {"--adventure": options.adventure, "--mood": options.mood, "--like": options.like}
    for option in (name for name, value in steers.items() if value):
        if options.by not in (FOR_YOU, HABITS) or (options.by == HABITS and option == "--adventure"):
            raise UsageError(f"{option} does not steer a list by {options.by}: leave out one of the two")
    if options.like is not None and options.like not in data.movies[Col.MOVIE].to_numpy():
        raise UsageError(f"--like {options.like}: {data.name} has no movie {options.like}")
    return Wish(options.by, options.adventure, options.mood, options.like, options.diversity)


def _filters(options: Namespace, data: Dataset) -> "Filters":
    from lcrec_core.serving.filters import Filters, default_min_ratings

    known = {genre.lower(): genre for genre in data.genres}
    for genre in (*options.genre, *options.not_genre):
        if genre.lower() not in known:
            raise UsageError(f"there is no genre {genre!r}; {data.name} has {', '.join(data.genres)}")
    try:
        return Filters(
            genres_in=frozenset(known[g.lower()] for g in options.genre),
            genres_out=frozenset(known[g.lower()] for g in options.not_genre),
            year_from=options.year_from,
            year_to=options.year_to,
            unknown_year=not options.year_known,
            min_ratings=default_min_ratings(data) if options.min_ratings is None else options.min_ratings,
            include_rated=options.include_rated,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
