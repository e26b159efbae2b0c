"""One prediction of LCRec laid open, and its predictions with parts switched off.

A part is switched off when the model predicts; nothing is trained again. A part of M_f then is of every movie what it
is on average over the catalogue, where the movie is predicted and where it is read. Without its LSTM the network is
asked as before somebody's first rating. Without the backbone it corrects the mean of all ratings instead, and reads of
every rating how far it is from that mean.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.profile import Profile
from lcrec_core.models.layers import movie_tensors
from lcrec_core.models.lcrec.model import LCRecModel
from lcrec_core.models.lcrec.network import Events, LCRecNetwork, Targets
from lcrec_core.models.lcrec.parts import Part

_OF_MOVIES = (Part.MOVIE, Part.GENRES, Part.TITLE)
"""In the order of `LCRecNetwork.movie_parts`."""


@dataclass(frozen=True)
class LCRecTrace:
    """The terms of one prediction, in stars; they make `rating`."""

    mean: float
    """Of all ratings of the training part."""
    movie: float
    """b of the movie: how much better or worse than others people find it."""
    person: float
    """b of the person: how kind or strict they are."""
    taste: float
    """p . q: what the person likes, and what the movie has of it."""
    network: float
    """What the network makes of the movie and of how sure the backbone is, were nothing known of when."""
    history: float
    """What the network's LSTM adds: the person's last ratings in their order, each less what the backbone expected."""
    rating: float
    """What the model predicts, not clipped to the scale."""

    @property
    def backbone(self) -> float:
        """What the backbone alone predicts."""
        return self.mean + self.movie + self.person + self.taste


@torch.inference_mode()
def trace(model: LCRecModel, profile: Profile, position: int) -> LCRecTrace:
    """Lay one prediction open.

    The backbone is a sum, so that its terms are exact; of its samples each is the mean. The network is asked once more
    with the LSTM's state as it is before the first rating.

    Args:
        model: Whole, or its backbone alone: then the network adds nothing.
        profile: The person. A rating of theirs of this very movie is read like any other: leave it out before.
        position: Of the movie in the catalogue.
    """
    ratings = model.catalogue(profile).ratings
    assert ratings is not None
    rating, now, backbone = float(ratings[position]), model.now(profile), model.backbone
    of_movie = backbone.movies.index_select(1, torch.tensor([position])).squeeze(1)  # (S, D)
    of_person = now.user_factors[:, 0]  # (S, D)
    person, movie = float(of_person[:, 0].mean()), float(of_movie[:, 0].mean())
    taste = float((of_person[:, 1:] * of_movie[:, 1:]).sum(dim=1).mean())
    before = backbone.mean + movie + person + taste
    without_history = before
    if model.network is not None:
        targets = replace(now.targets, before=torch.zeros_like(now.targets.before))
        probabilities = model.network(now.events, targets, model.features)[position].exp()
        without_history = float(probabilities @ model.network.values)
    return LCRecTrace(
        mean=backbone.mean,
        movie=movie,
        person=person,
        taste=taste,
        network=without_history - before,
        history=rating - without_history,
        rating=rating,
    )


class Switches:
    """A trained model with its parts to be switched off. No method changes it."""

    @torch.inference_mode()
    def __init__(self, model: LCRecModel) -> None:
        """Work out what every part of M_f is on average."""
        self.model, self.parts = model, _parts_of(model.network)
        """Those that the model has; none of a backbone alone."""
        self._of_movies: list[Tensor] = []  # (M, E), (M, E), (M, F)
        if model.network is not None:
            self._of_movies = model.network.movie_parts(*movie_tensors(model.encoded.movies, torch.device("cpu")))

    @torch.inference_mode()
    def catalogue(self, profile: Profile, off: Collection[Part] = ()) -> np.ndarray:
        """Predicted ratings of every movie, float32 (M,), not clipped, with some parts switched off; see the module."""
        network = self.model.network
        if not off or network is None:
            ratings = self.model.catalogue(profile).ratings
            assert ratings is not None
            return ratings
        now = self.model.now(profile)
        events, targets = now.events, now.targets
        if Part.BACKBONE in off:
            events, targets = self._without_backbone(events, targets)
        if Part.HISTORY in off:
            targets = replace(targets, before=torch.zeros_like(targets.before))
        return (network(events, targets, self._features(network, off)).exp() @ network.values).numpy()

    def _features(self, network: LCRecNetwork, off: Collection[Part]) -> Tensor:
        """M_f of the catalogue (M, D) without some parts."""
        if not set(off) & set(_OF_MOVIES):
            return self.model.features
        pairs = zip(_OF_MOVIES, self._of_movies, strict=False)  # a network without the CNN has two of them
        return network.movie_from_parts([own.mean(dim=0).expand_as(own) if part in off else own for part, own in pairs])

    def _without_backbone(self, events: Events, targets: Targets) -> tuple[Events, Targets]:
        mean, values = self.model.backbone.mean, events.values.clone()
        there = torch.arange(values.shape[1]) < events.lengths.unsqueeze(1)  # (1, T)
        values[:, :, 0] = (values[:, :, 1] + self.model.data.scale.middle - mean) * there
        spread = targets.posterior_std.mean().expand_as(targets.posterior_std)
        constant = torch.full_like(targets.backbone, mean)
        return replace(events, values=values), replace(targets, backbone=constant, posterior_std=spread)


def _parts_of(network: LCRecNetwork | None) -> tuple[Part, ...]:
    if network is None:
        return ()
    there = {Part.HISTORY: network.config.reads_history, Part.TITLE: network.config.reads_titles}
    return tuple(part for part in Part if there.get(part, True))
