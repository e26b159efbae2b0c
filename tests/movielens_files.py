"""Small made-up data sets as the files of each MovieLens format. No row comes from a published one."""

import zipfile
from pathlib import Path

Files = dict[str, bytes]


def dat_files() -> Files:
    """The format of ml-1m: 3 people, 4 films (one nobody rated), 6 ratings; Latin-1."""
    return {
        "movies.dat": (
            "1::Amber Bridge (1971)::Drama|War\n"
            "2::Café Écho, The (1982)::Comedy\n"
            "5::Kite (1993)::Sci-Fi\n"
            "9::Unseen Harbour (1999)::Drama\n"
        ).encode("latin-1"),
        "users.dat": b"1::F::25::12::00000\n2::M::56::0::00000\n7::M::1::20::00000-1234\n",
        "ratings.dat": (
            b"2::5::3::978300100\n2::1::1::978300200\n1::1::5::978300300\n"
            b"1::2::4::978300400\n7::2::2::978300500\n7::5::5::978300600\n"
        ),
        "README": b"made up",
    }


def u_files() -> Files:
    """The format of ml-100k: two films of one title, one unknown film; ages in years; Latin-1."""
    genres = ["unknown", "Action", "Drama"]
    item = [
        "1|Amber Bridge (1971)|01-Jan-1971||http://a|0|1|1",
        "2|Café Écho (1982)|03-Feb-1983||http://b|0|0|1",
        "3|Café Écho (1982)|03-Feb-1983||http://b|0|0|1",
        "4|unknown||||1|0|0",
        "5|Late Kite|07-Mar-1997||http://c|0|1|0",
    ]
    return {
        "u.genre": ("\n".join(f"{g}|{i}" for i, g in enumerate(genres)) + "\n\n").encode(),
        "u.item": ("\n".join(item) + "\n").encode("latin-1"),
        "u.user": b"1|24|M|technician|00000\n2|7|F|student|00000\n3|73|F|retired|00000\n",
        "u.data": b"1\t1\t5\t881250949\n1\t4\t2\t881250950\n2\t2\t3\t881250951\n3\t5\t1\t881250952\n",
    }


def csv_files() -> Files:
    """The format of ml-latest-small, ml-25m, ml-32m: UTF-8, quoted titles, half stars."""
    return {
        "movies.csv": (
            "movieId,title,genres\r\n"
            "1,Amber Bridge (1971),Drama|War\r\n"
            '2,"Écho, ""The"" 東 (1982) ",Comedy\r\n'
            "30,No Year At All,(no genres listed)\r\n"
        ).encode(),
        "ratings.csv": (
            b"userId,movieId,rating,timestamp\n4,1,0.5,1500000000\n4,2,5.0,1500000001\n9,30,3.5,1500000002\n"
        ),
        "links.csv": b"movieId,imdbId,tmdbId\n",
    }


def write_zip(path: Path, files: Files, folder: str = "") -> Path:
    """Zip the files, flat or inside a folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}" if folder else name, content)
    return path


def write_folder(path: Path, files: Files) -> Path:
    """Write the files into a folder."""
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path
