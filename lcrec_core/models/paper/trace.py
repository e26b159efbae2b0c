"""One prediction of the paper's network laid open, and its predictions with parts switched off.

A part is switched off by letting it say what it says on average: of a movie, the mean over the catalogue; of a person,
the mean over people of the training part. Nothing is trained again. It is switched off wherever the network has it, so
that without the title CNN the history is read without titles, too.

What a part adds to a prediction is its Shapley value: the mean, over all orders in which the parts may be switched on
one after another, of what the prediction changes by when this one is. So the parts add up to the prediction.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from lcrec_core.data.encode import UNK, USER_FIELDS, title_words
from lcrec_core.data.profile import Profile
from lcrec_core.models.layers import movie_tensors
from lcrec_core.models.paper.batches import liked_history
from lcrec_core.models.paper.model import PaperModel
from lcrec_core.models.paper.parts import Part, choices_of, fair_shares
from lcrec_core.models.paper.steps import Firing, LSTMSteps, lstm_steps, title_firings

PEOPLE = 256
"""How many people of the training part, evenly spaced, the average person is made of."""


_OF_MOVIES = (Part.MOVIE, Part.GENRES, Part.TITLE)
"""In the order of `PaperNetwork.movie_parts`."""


@dataclass(frozen=True, eq=False)
class Word:
    """A word of the title."""

    text: str
    known: bool
    """Whether it was in a title that somebody of the training part rated."""
    effect: float
    """The prediction less what it would be were the word unknown, in stars."""


@dataclass(frozen=True, eq=False)
class Trace:
    """How the prediction of one movie for one person comes about. T movies of the history, n words of the title."""

    rating: float
    """What the model predicts, not clipped to the scale."""
    average: float
    """What it predicts of the average movie for the average person."""
    adds: Mapping[Part, float]
    """What each part adds: the average and these make the rating."""
    without: Mapping[Part, float]
    """The prediction with this part alone switched off."""
    known_fields: Mapping[str, bool]
    """Of each of `USER_FIELDS`, whether the network knows this person's value."""
    known_movie: bool
    """Whether anybody of the training part rated the movie."""
    history: np.ndarray
    """int64 (T,): catalogue positions of what the LSTM reads, in time order."""
    lstm: tuple[LSTMSteps, ...]
    """Every layer over the learned start step and the T movies; none where the network has no LSTM."""
    read: np.ndarray
    """float32 (T + 1,): the prediction after the start step, and after each movie read; the last is the rating."""
    words: tuple[Word, ...]
    firings: tuple[Firing, ...]
    """Every filter; none where the network has no CNN."""
    usual_firing: np.ndarray
    """float32 (F,): the mean of each over the catalogue."""
    explicit: np.ndarray
    """U_ef, float32 (D,)."""
    preference: np.ndarray
    """U_pf, float32 (H,)."""
    user: np.ndarray
    """U_f, float32 (D,)."""
    movie: np.ndarray
    """M_f, float32 (D,)."""


class Tracer:
    """A trained model of the paper's network with its parts to be switched off. No method changes it."""

    @torch.inference_mode()
    def __init__(self, model: PaperModel) -> None:
        """Work out what every part says on average."""
        self.model, network = model, model.network
        self.parts = tuple(part for part in Part if _has(model, part))
        """Those that the network has."""
        device = model.features.device
        self._of_movies = network.movie_parts(*movie_tensors(model.encoded.movies, device))  # (M, E), (M, E), (M, F)
        self._mean_of_movies = [part.mean(dim=0, keepdim=True) for part in self._of_movies]
        people = np.unique(np.linspace(0, len(model.encoded.people) - 1, PEOPLE).round().astype(np.int64))
        fields = torch.from_numpy(model.encoded.people[people]).to(device)
        self._mean_explicit = network.explicit(fields).mean(dim=0, keepdim=True)  # (1, D)
        self._mean_preference = None
        if Part.HISTORY in self.parts:
            self._mean_preference = _preferences(model, people).mean(dim=0, keepdim=True)  # (1, H)

    @torch.inference_mode()
    def catalogue(self, profile: Profile, off: Collection[Part] = ()) -> np.ndarray:
        """Predicted ratings of every movie, float32 (M,), not clipped, with some parts switched off."""
        if not off:
            ratings = self.model.catalogue(profile).ratings
            assert ratings is not None
            return ratings
        network, (fields, liked) = self.model.network, self.model.reads(profile)
        features = self._features(slice(None), off)
        preference = network.preference(features[liked].unsqueeze(0)) if Part.HISTORY in self.parts else None
        user = self._user(network.explicit(fields), preference, off)
        return network.rating(user, features).cpu().numpy()

    @torch.inference_mode()
    def trace(self, profile: Profile, position: int) -> Trace:
        """Lay one prediction open.

        Args:
            profile: The person. A rating of theirs of this very movie is read like any other: leave it out before.
            position: Of the movie in the catalogue.
        """
        model, network = self.model, self.model.network
        fields, liked = model.reads(profile)
        explicit, movie = network.explicit(fields), model.features[[position]]
        values = self._values(explicit, liked, position)
        average = values[frozenset(self.parts)]
        lstm: tuple[LSTMSteps, ...] = ()
        cells, preference = None, np.zeros(0, dtype=np.float32)
        if Part.HISTORY in self.parts:
            steps = torch.cat([network.history_start.unsqueeze(0), model.features[liked]])
            lstm = tuple(lstm_steps(network.history_lstm, steps))
            cells = lstm[-1].cell  # (T + 1, H)
            preference = cells[-1].cpu().numpy()
        users = network.user_from_parts(explicit if cells is None else explicit.expand(len(cells), -1), cells)
        return Trace(
            rating=float(self.catalogue(profile)[position]),
            average=average,
            adds=fair_shares(self.parts, lambda on: values[frozenset(self.parts) - on]),
            without={part: values[frozenset([part])] for part in self.parts},
            known_fields=dict(zip(USER_FIELDS, (fields[0] != UNK).tolist(), strict=True)),
            known_movie=bool(model.encoded.movies.ids[position] != UNK),
            history=liked,
            lstm=lstm,
            read=network.rating(users, movie).cpu().numpy(),
            words=self._words(users[-1:], position),
            firings=tuple(title_firings(network.title, self._encoded_words(position)))
            if Part.TITLE in self.parts
            else (),
            usual_firing=self._mean_of_movies[-1].squeeze(0).cpu().numpy(),
            explicit=explicit.squeeze(0).cpu().numpy(),
            preference=preference,
            user=users[-1].cpu().numpy(),
            movie=movie.squeeze(0).cpu().numpy(),
        )

    def _features(self, rows: Tensor | slice, off: Collection[Part]) -> Tensor:
        """M_f of some movies (K, D) without some parts."""
        if not set(off) & set(_OF_MOVIES):
            return self.model.features[rows]
        parts = [
            mean.expand(len(own[rows]), -1) if part in off else own[rows]
            for part, own, mean in zip(_OF_MOVIES, self._of_movies, self._mean_of_movies, strict=True)
        ]
        return self.model.network.movie_from_parts(*parts)

    def _user(self, explicit: Tensor, preference: Tensor | None, off: Collection[Part]) -> Tensor:
        """U_f (B, D) without some parts."""
        explicit = self._mean_explicit.expand(len(explicit), -1) if Part.FIELDS in off else explicit
        if preference is not None and Part.HISTORY in off:
            assert self._mean_preference is not None
            preference = self._mean_preference.expand(len(explicit), -1)
        return self.model.network.user_from_parts(explicit, preference)

    def _values(self, explicit: Tensor, liked: np.ndarray, position: int) -> dict[frozenset[Part], float]:
        """The prediction of one movie with every choice of parts switched off."""
        network = self.model.network
        rows = torch.from_numpy(np.append(liked, position)).to(explicit.device)
        choices = choices_of([part for part in _OF_MOVIES if part in self.parts])
        features = torch.stack([self._features(rows, off) for off in choices])  # (C, T + 1, D)
        preference = network.preference(features[:, :-1]) if Part.HISTORY in self.parts else None  # (C, H)
        explicit, movies = explicit.expand(len(choices), -1), features[:, -1]
        values: dict[frozenset[Part], float] = {}
        for of_person in choices_of([part for part in self.parts if part not in _OF_MOVIES]):
            ratings = network.rating(self._user(explicit, preference, of_person), movies)
            values |= {off | of_person: value for off, value in zip(choices, ratings.tolist(), strict=True)}
        return values

    def _encoded_words(self, position: int) -> Tensor:
        return torch.from_numpy(self.model.encoded.movies.words[position])  # (W,)

    def _words(self, user: Tensor, position: int) -> tuple[Word, ...]:
        """The title's words, each asked about by making it unknown."""
        if Part.TITLE not in self.parts:
            return ()
        network, encoded = self.model.network, self._encoded_words(position)
        texts = title_words(str(self.model.data.movies["title"].iloc[position]))
        less = encoded.repeat(len(texts) + 1, 1)  # (n + 1, W), the first as it is
        less[torch.arange(1, len(texts) + 1), torch.arange(len(texts))] = UNK
        by_id, by_genre, _ = (part[[position]].expand(len(less), -1) for part in self._of_movies)
        movies = network.movie_from_parts(by_id, by_genre, network.title(less))
        whole, *lacking = network.rating(user, movies).tolist()
        known = (encoded != UNK).tolist()
        return tuple(
            Word(text, is_known, whole - rating) for text, is_known, rating in zip(texts, known, lacking, strict=False)
        )


def _has(model: PaperModel, part: Part) -> bool:
    config = model.network.config
    return {Part.HISTORY: config.reads_history, Part.TITLE: config.reads_titles}.get(part, True)


def _preferences(model: PaperModel, people: np.ndarray) -> Tensor:
    """U_pf of some people of the training part (B, H)."""
    network, config = model.network, model.network.config
    histories = [
        model.features[liked_history(model.encoded.histories, person, config.liked_from, config.max_history)]
        for person in people
    ]
    steps = [torch.cat([network.history_start.unsqueeze(0), history]) for history in histories]
    lengths = torch.tensor([len(each) for each in steps])
    packed = pack_padded_sequence(
        pad_sequence(steps, batch_first=True), lengths, batch_first=True, enforce_sorted=False
    )
    _, (_, cell) = network.history_lstm(packed)
    return cell[-1]
