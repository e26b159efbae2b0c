"""Made-up exports of one person, as each site writes them: the films are the demo's, the person is nobody."""

import json
import re
import zipfile
from io import BytesIO

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.titles import spoken

LETTERBOXD = {
    "ratings.csv": (
        "Date,Name,Year,Letterboxd URI,Rating\r\n"
        "2024-02-01,The Matrix,1999,https://b.example/1,4.5\r\n"
        "2024-02-02,Amélie,2001,https://b.example/2,3\r\n"
        "2024-02-03,No Such Film,1999,https://b.example/3,2\r\n"
    ),
    "diary.csv": (
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\r\n"
        '2024-03-01,The Matrix,1999,https://b.example/4,1,Yes,"a, b",2024-03-01\r\n'
        "2024-03-02,Alien,1979,https://b.example/5,2,,,2020-01-01\r\n"
        "2024-03-02,Alien,1979,https://b.example/6,5,,,2021-01-01\r\n"
    ),
    "reviews.csv": (
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date\r\n"
        '2024-03-05,Heat,1995,https://b.example/7,,,"Two lines,\nand ""quotes"".",,2024-03-05\r\n'
    ),
    "watched.csv": (
        "Date,Name,Year,Letterboxd URI\r\n"
        "2024-01-01,The Matrix,1999,https://b.example/1\r\n"
        "2024-01-02,Fargo,1996,https://b.example/8\r\n"
    ),
    "watchlist.csv": "Date,Name,Year,Letterboxd URI\r\n2024-01-03,Casablanca,1942,https://b.example/9\r\n",
    "likes/films.csv": "Date,Name,Year,Letterboxd URI\r\n2024-01-04,Fargo,1996,https://b.example/8\r\n",
    "profile.csv": "Date Joined,Username,Given Name\r\n2019-01-01,made-up,\r\n",
    "deleted/diary.csv": (
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\r\n"
        "2020-01-01,Jaws,1975,https://b.example/10,1,,,2020-01-01\r\n"
    ),
    "lists/best.csv": "Letterboxd list export v7\r\nDate,Name\r\n\r\nPosition,Name,Year,URL\r\n1,Jaws,1975,x\r\n",
}

IMDB = (
    "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres\n"
    'tt0000101,9,2024-01-02,Amber,Bernstein,https://i.example,Movie,8.1,120,1995,"Drama, Crime"\n'
    "tt0000102,1,2024-01-03,Kite,Kite,https://i.example,TV Movie,8.1,120,1996,Drama\n"
    "tt0000103,8,2024-01-02,A Show,A Show,https://i.example,TV Mini Series,8.1,120,2008,Drama\n"
    "tt0000104,8,2024-01-02,A Show: Pilot,A Show: Pilot,https://i.example,TV Episode,8.1,20,2008,Drama\n"
    "tt0000105,8,2024-01-02,A Game,A Game,https://i.example,Video Game,8.1,20,2008,Drama\n"
)

TRAKT = json.dumps(
    [
        {
            "rated_at": "2014-09-01T09:10:11.000Z",
            "rating": 7,
            "type": "movie",
            "movie": {"title": "Amber", "year": 1995, "ids": {"trakt": 1, "imdb": "tt0000101", "tmdb": 201}},
        },
        {"last_watched_at": "2014-10-01T00:00:00Z", "plays": 2, "movie": {"title": "Kite", "year": 1996, "ids": {}}},
        {"listed_at": "2014-11-01T00:00:00Z", "type": "movie", "movie": {"title": "Clock", "year": None, "ids": {}}},
        {"rating": 7, "type": "show", "show": {"title": "A Show", "year": 2008, "ids": {}}},
    ]
)

TRAKT_TABLE = (
    "rated_at,type,title,year,trakt_rating,trakt_id,imdb_id,tmdb_id,rating\n"
    "2014-09-01T09:10:11Z,movie,Amber,1995,8.1,1,tt0000101,201,7\n"
    "2014-09-01T09:10:11Z,episode,Pilot,2008,8.1,2,,,7\n"
)

MOVIELENS_ORG = (
    'movie_id,imdb_id,tmdb_id,rating,average_rating,title\n7,0000101,201,3.5,4.23941,"Amber, The (1995)"\n'
    "8,0000102,202,0,3.1,Kite (1996)\n"
)

DATA_SET = "userId,movieId,rating,timestamp\n3,7,3.5,1500000000\n3,8,5.0,1500000001\n"


EPISODE = "tt9000001,8,2024-01-02,A Show: Pilot,A Show: Pilot,https://i.example,TV Episode,8.1,20,2008,Drama\n"


def imdb_of(data: Dataset, most: int = 24) -> bytes:
    """An IMDb export of somebody made up who rated the films that most people rated, and two that the data has not.

    Args:
        data: Whose films; by their ids at IMDb where it has them, else by title and year.
        most: How many of them.
    """
    counts = data.ratings[Col.MOVIE].value_counts()
    rated = counts.index[:most].tolist()
    movies = data.movies.set_index(Col.MOVIE.value)
    ids = dict(zip(data.links[Col.MOVIE], data.links[Col.IMDB], strict=True))
    lines = [IMDB.splitlines()[0]]
    for place, movie_id in enumerate(rated):
        title, year = spoken(movies.loc[movie_id, Col.TITLE]), movies.loc[movie_id, Col.YEAR]
        name = re.sub(r" \(\d{4}\)$", "", title).replace('"', "'")
        number = f"tt{int(ids.get(movie_id) or 8_000_000 + place):07d}"
        lines.append(
            f'{number},{10 - place % 7},2024-01-02,"{name}","{name}",https://i.example,Movie,8,120,{year},Drama'
        )
    lines.append("tt9000002,7,2024-01-02,No Such Film,No Such Film,https://i.example,Movie,8,120,2016,Drama")
    return ("\n".join(lines) + f"\n{EPISODE}").encode()


def letterboxd_zip(folder: str = "", **changed: str) -> bytes:
    """The export as its users get it, or with other content of some files."""
    files = {f"{folder}{name}": content.encode() for name, content in (LETTERBOXD | changed).items()}
    return zipped(files)


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as a zip."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
