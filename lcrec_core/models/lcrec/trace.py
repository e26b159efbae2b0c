"""One prediction of LCRec laid open: what the backbone's terms add, and what the network adds to them."""

from dataclasses import dataclass, replace

import torch

from lcrec_core.data.profile import Profile
from lcrec_core.models.lcrec.model import LCRecModel


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
    of_person, of_movie = now.user_factors[:, 0], backbone.movies[:, position]  # (S, D), (S, D)
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
