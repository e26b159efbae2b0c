"""The paper's LSTM & CNN network (its Figure 3, equations 1-9), top to bottom as the figure is drawn.

    user fields -> embeddings -> dense -> two dense layers ----------------> U_ef --+
                                                                                    +-> dense -> U_f --+
    M_f of the ratings >= 3, in time order -> two-layer LSTM -> cell state -> U_pf --+                  |
                                                                                                       +-> rating
    movie id, genres -> embeddings -> dense -> fused ------------------+                               |
                                                                       +-> dense -> M_f ---------------+
    title words -> embedding matrix -> convolutions -> max -> dropout --+

Where the text gives no sizes, they are settings. Where it is silent altogether: an unknown value has
an index of its own in every vocabulary, several genres are averaged, and every history begins with a
learned start step, so that a person without any liked movie has a state too.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lcrec_core.data.encode import PAD, USER_FIELDS
from lcrec_core.models.layers import TitleCNN, masked_mean
from lcrec_core.models.paper.config import NetworkConfig


class PaperNetwork(nn.Module):
    """Predicted rating of a movie by a person, from the person's fields and history and the movie's features."""

    def __init__(self, config: NetworkConfig, sizes: dict[str, int]) -> None:
        super().__init__()
        self.config = config
        width, features = config.embedding_size, config.feature_size
        # User explicit feature U_ef.
        self.user_embeddings = nn.ModuleList(nn.Embedding(sizes[name], width) for name in USER_FIELDS)
        self.user_dense = nn.ModuleList(nn.Linear(width, width) for _ in USER_FIELDS)
        self.user_explicit = nn.Sequential(
            nn.Linear(width * len(USER_FIELDS), features), nn.ReLU(), nn.Linear(features, features), nn.ReLU()
        )
        # Movie feature M_f.
        self.movie_ids = nn.Embedding(sizes["movies"], width)
        self.movie_id_dense = nn.Linear(width, width)
        self.genres = nn.Embedding(sizes["genres"], width, padding_idx=PAD)
        self.genre_dense = nn.Linear(width, width)
        self.movie_fusion = nn.Linear(2 * width, 2 * width)
        title_size = config.filters * len(config.filter_widths) if config.reads_titles else 0
        if config.reads_titles:
            self.title = TitleCNN(config, sizes["words"])
        self.movie_dense = nn.Linear(2 * width + title_size, features)
        # User preference feature U_pf, and both together U_f.
        state_size = config.state_size if config.reads_history else 0
        if config.reads_history:
            self.history_start = nn.Parameter(torch.zeros(features))
            self.history_lstm = nn.LSTM(features, state_size, config.lstm_layers, batch_first=True)
        self.user_dense_last = nn.Linear(features + state_size, features)
        # A dense layer over (U_f, M_f), written as two halves so that the movies' half can be kept, then the rating.
        self.rating_user = nn.Linear(features, features)
        self.rating_movie = nn.Linear(features, features, bias=False)
        self.rating_out = nn.Linear(features, 1)
        if config.factors:
            self.factors_user = nn.Linear(features, config.factors, bias=False)
            self.factors_movie = nn.Linear(features, config.factors, bias=False)

        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                module.weight.mul_(self.config.genre_std if module is self.genres else self.config.embedding_std)
            elif isinstance(module, nn.Linear | nn.Conv1d):
                # Keeps the size of signals through the stack of dense layers; torch's own default halves it at each.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if not self.config.reads_history:
            return
        forget = slice(self.config.state_size, 2 * self.config.state_size)  # gates are laid out i, f, g, o
        for layer in range(self.config.lstm_layers):
            getattr(self.history_lstm, f"bias_ih_l{layer}")[forget] = self.config.forget_bias

    def movie_features(self, ids: Tensor, genres: Tensor, words: Tensor) -> Tensor:
        """M_f: (M,), (M, G), (M, W) -> (M, D)."""
        return self.movie_from_parts(*self.movie_parts(ids, genres, words))

    def movie_parts(self, ids: Tensor, genres: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What M_f is made of: the id's dense layer (M, E), the genres' (M, E), the title CNN's features (M, F)."""
        by_id = F.relu(self.movie_id_dense(self.movie_ids(ids)))  # (M, E)
        by_genre = F.relu(self.genre_dense(masked_mean(self.genres(genres), genres != PAD)))  # (M, E)
        return by_id, by_genre, self.title(words) if self.config.reads_titles else by_id.new_zeros(len(ids), 0)

    def movie_from_parts(self, by_id: Tensor, by_genre: Tensor, title: Tensor) -> Tensor:
        """M_f of its parts: (M, E), (M, E), (M, F) -> (M, D)."""
        fused = F.relu(self.movie_fusion(torch.cat([by_id, by_genre], dim=1)))  # (M, 2E)
        return F.relu(self.movie_dense(torch.cat([fused, title], dim=1)))

    def preference(self, history: Tensor) -> Tensor:
        """U_pf, the LSTM's last cell state: M_f of the liked movies in time order (B, T, D) -> (B, H); T may be 0."""
        start = self.history_start.expand(len(history), 1, -1)
        _, (_, cell) = self.history_lstm(torch.cat([start, history], dim=1))
        return cell[-1]

    def user_features(self, fields: Tensor, history: Tensor) -> Tensor:
        """U_f: encoded fields (B, 4) and M_f of the history (B, T, D) -> (B, D)."""
        explicit = self.explicit(fields)
        return self.user_from_parts(explicit, self.preference(history) if self.config.reads_history else None)

    def explicit(self, fields: Tensor) -> Tensor:
        """U_ef: encoded fields (B, 4) -> (B, D)."""
        columns = zip(self.user_embeddings, self.user_dense, fields.unbind(dim=1), strict=True)
        return self.user_explicit(torch.cat([F.relu(dense(embed(x))) for embed, dense, x in columns], dim=1))

    def user_from_parts(self, explicit: Tensor, preference: Tensor | None) -> Tensor:
        """U_f of U_ef (B, D) and U_pf (B, H), which a network without the LSTM has not -> (B, D)."""
        parts = [explicit] if preference is None else [explicit, preference]
        return F.relu(self.user_dense_last(torch.cat(parts, dim=1)))

    def rating(self, user: Tensor, movie: Tensor) -> Tensor:
        """Predicted ratings, not clipped to the scale: U_f (N, D), M_f (N, D) -> (N,); either may be (1, D)."""
        return self.rating_from_halves(user, self.movie_half(movie))

    def movie_half(self, movie: Tensor) -> Tensor:
        """What the last layers make of movies alone: M_f (M, D) -> (M, D + factors), to be kept for a catalogue."""
        half = self.rating_movie(movie)
        return torch.cat([half, self.factors_movie(movie)], dim=1) if self.config.factors else half

    def rating_from_halves(self, user: Tensor, movie_half: Tensor) -> Tensor:
        """The rest of `rating`: (N, D), (N, D + factors) -> (N,)."""
        half, factors = movie_half.split([self.config.feature_size, self.config.factors], dim=1)
        rating = self.rating_out(F.relu(self.rating_user(user) + half)).squeeze(dim=1)
        return rating + (self.factors_user(user) * factors).sum(dim=1) if self.config.factors else rating
