"""The bundles that ship: they fit the demo's data, and a few stars move their lists the way they point."""

import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.models.bundles import resolve
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.recommender import Recommender

WELL_RATED = Filters(min_ratings=10)
"""What the app asks of a movie before it recommends it."""


@pytest.fixture(scope="module", params=["demo/lcrec", "demo/paper"])
def recommender(request) -> Recommender:
    return Recommender.load(request.param)


def share_of_genre(recommender: Recommender, genre: str, profile: Profile, best: int) -> float:
    """Share of the best movies that are of a genre."""
    return recommender.rank(profile, WELL_RATED).head(best)["genres"].str.contains(genre, regex=False).mean()


def most_rated(recommender: Recommender, genre: str, n: int) -> list[int]:
    everything = recommender.rank(Profile.of())
    of_genre = everything[everything["genres"].str.contains(genre, regex=False)]
    return of_genre.nlargest(n, "num_ratings")["movie_id"].tolist()


@pytest.mark.parametrize("genre", ["Sci-Fi", "Animation", "Horror"])
def test_five_stars_for_three_films_of_a_genre_bring_more_of_it(recommender, genre):
    liked = [(movie, 5, when) for when, movie in enumerate(most_rated(recommender, genre, 3))]
    before, after = (share_of_genre(recommender, genre, profile, 20) for profile in (Profile.of(), Profile.of(liked)))
    assert after >= before + 0.1


def test_the_person_shown_first_is_recommended_what_they_like(recommender):
    """User 11 of the demo loves science fiction."""
    person = Profile.from_dataset(recommender.data, 11)
    assert share_of_genre(recommender, "Sci-Fi", person, 100) > 2 * share_of_genre(
        recommender, "Sci-Fi", Profile.of(), 100
    )


def test_the_demo_is_served_by_lcrec():
    assert resolve("demo") == "demo/lcrec"
