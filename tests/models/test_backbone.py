from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from lcrec_core.models.lcrec import backbone as backbones
from lcrec_core.models.lcrec import ridge, side_information
from lcrec_core.models.lcrec.backbone import (
    Backbone,
    backbone_arrays,
    fold_in,
    from_arrays,
    merge_chains,
    predict,
    predict_catalogue,
    prior_means,
)
from lcrec_core.models.lcrec.config import BackboneConfig
from lcrec_core.models.lcrec.regression import bucket_by_length
from lcrec_core.models.lcrec.ridge import ExactRidge, IterativeRidge, few_rows
from lcrec_core.models.lcrec.sampler import Chain, SidePrior, kept_rounds, sample_backbone, wishart
from lcrec_core.models.lcrec.side_information import (
    Interactions,
    LogCount,
    SideFeatures,
    item_features_of,
    set_features,
    user_features_of,
    user_side_features,
)

TINY = BackboneConfig(factors=3, iterations=30, burn_in=10, samples=10)


def planted(seed: int = 0, people: int = 120, movies: int = 60, each: int = 30) -> tuple[Interactions, np.ndarray]:
    """Ratings of planted tastes of two factors, and the whole noiseless matrix (people, movies)."""
    rng = np.random.default_rng(seed)
    truth = 3.5 + rng.normal(0, 0.4, (people, 1)) + rng.normal(0, 0.4, movies)
    truth = truth + rng.normal(0, 0.7, (people, 2)) @ rng.normal(0, 0.7, (2, movies))
    who = np.repeat(np.arange(people), each)
    what = np.concatenate([rng.choice(movies, each, replace=False) for _ in range(people)])
    ratings = (truth[who, what] + rng.normal(0, 0.3, len(who))).astype(np.float32)
    return Interactions(who, what, ratings, np.zeros((people, 0), np.float32), np.zeros((movies, 0), np.float32)), truth


def fixed_backbone(movies: int, features: int, factors: int = 2, seed: int = 0) -> Backbone:
    """One made-up sample, with everybody's noise alike."""
    random = torch.Generator().manual_seed(seed)
    width = 1 + factors
    return Backbone(
        mean=3.5,
        noise=2.0,
        noise_ratings=1e9,
        movies=torch.randn(1, movies, width, generator=random),
        weights=torch.randn(1, features, width, generator=random),
        precision=3.0 * torch.eye(width).unsqueeze(0),
        log_count=LogCount(1.0, 1.0, 0.0),
        mean_user_set=torch.full((movies,), 0.25),
    )


def side_features(values: np.ndarray, movies: int) -> SideFeatures:
    """Any numbers as the features of some people."""
    values = values.astype(np.float32)
    return SideFeatures(csr_array(values[:, :movies]), values[:, movies:])


def made_up_features(people: int, movies: int, *, by_column: bool = False) -> SideFeatures:
    """Of people with sets of all sizes."""
    rng = np.random.default_rng(0)
    who, what = np.nonzero(rng.random((people, movies)) < rng.random((people, 1)))
    extra = rng.normal(size=(people, 2))
    return set_features(who, what, (people, movies), LogCount(1.0, 1.0, 0.0), extra, by_column=by_column)


def by_hand(backbone: Backbone, movies: np.ndarray, ratings: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The posterior mean of one person's (b, p), as textbooks write it."""
    of_movies = backbone.movies[0].numpy().astype(np.float64)[movies]
    design = np.column_stack([np.ones(len(movies)), of_movies[:, 1:]])
    left = ratings - backbone.mean - of_movies[:, 0]
    precision = backbone.precision[0].numpy().astype(np.float64)
    return np.linalg.solve(
        precision + backbone.noise * design.T @ design, precision @ prior + backbone.noise * design.T @ left
    )


def test_folding_in_is_bayesian_linear_regression_and_leaves_ratings_out_exactly():
    backbone = fixed_backbone(movies=9, features=13)
    rng = np.random.default_rng(1)
    people = np.repeat([0, 1, 2], [4, 0, 7])
    movies = np.concatenate([rng.choice(9, 4, replace=False), rng.choice(9, 7, replace=False)])
    ratings = rng.integers(1, 6, len(movies)).astype(np.float32)
    features = side_features(rng.normal(size=(3, 13)), movies=9)
    priors = prior_means(backbone, people, features)[0].numpy()
    folded = fold_in(backbone, people, torch.from_numpy(movies), torch.from_numpy(ratings), features)
    for person in range(3):
        own = np.flatnonzero(people == person)
        user_factors = by_hand(backbone, movies[own], ratings[own], priors[person])
        np.testing.assert_allclose(folded.user_factors[0, person].numpy(), user_factors, atol=1e-4)
        for rating in own:
            others = own[own != rating]
            without = torch.from_numpy(by_hand(backbone, movies[others], ratings[others], priors[person])).float()
            alone, _ = predict(backbone, without.reshape(1, 1, -1), torch.tensor([0]), torch.tensor([movies[rating]]))
            assert folded.loo_residuals[rating].item() == pytest.approx(ratings[rating] - alone.item(), abs=1e-3)


def test_people_are_folded_in_each_on_their_own():
    backbone = fixed_backbone(movies=9, features=13)
    movies, ratings = torch.tensor([1, 2, 3, 1, 5]), torch.tensor([5.0, 1.0, 3.0, 2.0, 4.0])
    values = np.random.default_rng(3).normal(size=(2, 13))
    features = side_features(values, movies=9)
    both = fold_in(backbone, np.array([0, 0, 0, 1, 1]), movies, ratings, features)
    second = fold_in(backbone, np.array([0, 0]), movies[3:], ratings[3:], side_features(values[1:], movies=9))
    torch.testing.assert_close(both.user_factors[:, 1], second.user_factors[:, 0])
    torch.testing.assert_close(both.loo_residuals[3:], second.loo_residuals)


def test_every_rating_is_in_one_block_of_its_owner():
    owners = np.random.default_rng(0).integers(0, 50, 1000)
    sets = bucket_by_length(owners, 60)
    seen = np.concatenate([positions[mask].numpy() for _, positions, mask in sets.blocks])
    assert sorted(seen) == list(range(1000))
    assert sorted(np.concatenate([block.numpy() for block, _, _ in sets.blocks])) == list(range(60))
    for block, positions, mask in sets.blocks:
        expected = block.unsqueeze(1).expand_as(positions)[mask].numpy()
        np.testing.assert_array_equal(owners[positions[mask].numpy()], expected)


def test_planted_tastes_are_found():
    evidence, truth = planted()
    backbone = sample_backbone(evidence, TINY, seed=0)
    features = user_side_features(evidence, backbone.log_count, TINY)
    movies, ratings = torch.from_numpy(evidence.movies), torch.from_numpy(evidence.ratings)
    user_factors = fold_in(backbone, evidence.people, movies, ratings, features).user_factors
    who, what = np.divmod(np.arange(truth.size), truth.shape[1])
    unseen = np.ones(truth.shape, dtype=bool)
    unseen[evidence.people, evidence.movies] = False
    predicted, spread = predict(backbone, user_factors, torch.from_numpy(who), torch.from_numpy(what))
    error = ((predicted.numpy().reshape(truth.shape) - truth)[unseen] ** 2).mean()
    assert error < 0.25 * truth[unseen].var()
    assert (spread > 0).all()
    assert backbone.noise == pytest.approx(1 / 0.3**2, rel=0.4)


def test_of_few_rows_and_many_features_the_small_matrix_gives_the_same_draw(monkeypatch):
    features = side_features(np.random.default_rng(0).normal(size=(5, 40)), movies=30)
    coefficients = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))

    def drawn(dual: bool) -> SidePrior:
        monkeypatch.setattr(ridge, "few_rows", lambda *_: dual)
        prior = SidePrior(features, 3, 2.0, torch.Generator().manual_seed(2))
        prior.draw(coefficients)
        return prior

    few, many = drawn(dual=True), drawn(dual=False)
    assert (few.regression.root.shape, many.regression.root.shape) == ((5, 5), (40, 40))
    torch.testing.assert_close(few.weights, many.weights, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(few.precision, many.precision, atol=1e-3, rtol=1e-3)
    assert (few_rows(610, 9742), few_rows(6040, 3883), few_rows(3883, 6040)) == (True, False, False)


@pytest.mark.parametrize("start", ["nothing", "the solution"])
def test_conjugate_gradients_solve_what_one_factorization_solves(monkeypatch, start):
    features = made_up_features(people=300, movies=80)
    right = torch.randn(features.shape[1], 4, generator=torch.Generator().manual_seed(1))
    right[:, 3] = 0
    exact = ExactRidge(features.dense(), 3.0).solve(right, torch.zeros_like(right))
    monkeypatch.setattr(ridge, "TOLERANCE", 1e-5)
    iterative = IterativeRidge(features, 3.0)
    found = iterative.solve(right, exact if start == "the solution" else torch.zeros_like(right))
    torch.testing.assert_close(found, exact, atol=1e-4, rtol=1e-3)
    assert iterative.steps == 0 if start == "the solution" else 3 < iterative.steps < 60


@pytest.mark.parametrize("by_column", [False, True])
def test_features_without_their_zeros_multiply_like_those_with_them(by_column):
    features = made_up_features(people=7, movies=5, by_column=by_column)
    dense, weights, values = features.dense(), torch.randn(features.shape[1], 3), torch.randn(7, 3)
    torch.testing.assert_close(features.times(weights), dense @ weights)
    torch.testing.assert_close(features.transposed_times(values), dense.T @ values)
    torch.testing.assert_close(features.squares(), dense.square().sum(dim=0))
    assert features.dense().dtype == features.times(weights).dtype == features.squares().dtype == torch.float32


def test_too_many_features_to_hold_with_their_zeros_give_the_same_backbone(monkeypatch):
    """To within the tolerance of the solution: the same draws meet the same noise."""
    evidence, _ = planted()
    config = replace(TINY, iterations=2, burn_in=0, samples=1)
    exact = Chain(evidence, config, 0)
    monkeypatch.setattr(side_information, "DENSE_CELLS", 0)
    monkeypatch.setattr(ridge, "TOLERANCE", 1e-6)
    iterative = Chain(evidence, config, 0)
    assert isinstance(iterative.of_people.regression, IterativeRidge)
    for chain in (exact, iterative):
        chain.round()
        chain.round()
    torch.testing.assert_close(iterative.movie, exact.movie, atol=0.01, rtol=0)
    torch.testing.assert_close(iterative.of_people.weights, exact.of_people.weights, atol=0.01, rtol=0)


def test_people_without_the_zeros_of_their_features_are_expected_to_be_the_same(monkeypatch):
    backbone, people = fixed_backbone(movies=9, features=13), np.array([0, 0, 2])
    features = side_features(np.random.default_rng(0).normal(size=(3, 13)), movies=9)
    dense = prior_means(backbone, people, features)
    monkeypatch.setattr(side_information, "DENSE_CELLS", 0)
    torch.testing.assert_close(prior_means(backbone, people, features), dense)


def test_a_chain_that_is_taken_down_and_set_up_again_goes_on_to_the_same_bit():
    evidence, _ = planted(people=20, each=10)
    config = replace(TINY, iterations=8, burn_in=2, samples=3)

    def run(chain: Chain, rounds: int) -> Chain:
        for _ in range(rounds):
            chain.round()
        return chain

    whole = run(Chain(evidence, config, 0), 8).arrays()
    for rounds in (1, 5, 7):
        kept = {name: array.copy() for name, array in run(Chain(evidence, config, 0), rounds).state().items()}
        again = Chain(evidence, config, 0)
        again.restore(kept)
        for name, array in run(again, 8 - rounds).arrays().items():
            np.testing.assert_array_equal(array, whole[name], err_msg=name)
    other = Chain(evidence, replace(config, factors=4), 0)
    with pytest.raises(ValueError, match="movie of the chain"):
        other.restore(kept)
    assert other.done == 0


def test_the_same_seed_draws_the_same_backbone_and_another_does_not():
    evidence, _ = planted(people=20, each=10)
    one, again, other = (sample_backbone(evidence, TINY, seed) for seed in (0, 0, 1))
    assert torch.equal(one.movies, again.movies)
    assert not torch.equal(one.movies, other.movies)


def test_kept_rounds_are_evenly_spaced_and_end_with_the_last():
    assert kept_rounds(BackboneConfig(iterations=10, burn_in=2, samples=4)) == {4, 6, 8, 10}
    assert len(kept_rounds(BackboneConfig())) == BackboneConfig().samples
    assert min(kept_rounds(BackboneConfig())) > BackboneConfig().burn_in


def test_chains_together_keep_their_last_samples_evenly_spaced():
    evidence, _ = planted(people=20, each=10)
    config = replace(TINY, samples=6, served_samples=2)
    chains = [sample_backbone(evidence, config, seed) for seed in (0, 1, 2)]
    joined = merge_chains(chains, evidence, config)
    expected = torch.cat([chain.movies[[5, 2]] for chain in chains])
    assert torch.equal(joined.movies, expected)
    assert len(joined.weights) == len(joined.precision) == 6
    everything = merge_chains(chains, evidence, replace(config, served_samples=100))
    assert len(everything.movies) == 18


def test_chains_together_expect_what_one_chain_of_all_they_have_seen_expects():
    evidence, _ = planted(people=20, each=10)
    whole = sample_backbone(evidence, TINY, 0)
    halves = [sample_backbone(evidence.only(np.arange(200) % 2 == part), TINY, part) for part in (0, 1)]
    joined = merge_chains(halves, evidence, TINY)
    assert joined.mean == pytest.approx(whole.mean)
    assert joined.log_count == whole.log_count
    torch.testing.assert_close(joined.mean_user_set, whole.mean_user_set)
    # Each person's vector is of length one, so that the usual set is no longer.
    assert 0 < float(joined.mean_user_set.norm()) <= 1


def test_chains_that_have_each_seen_four_fifths_predict_better_together_than_any_of_them():
    evidence, truth = planted()
    part = np.arange(len(evidence.ratings)) % 5
    chains = [sample_backbone(evidence.only(part != loo_residuals), TINY, loo_residuals) for loo_residuals in range(5)]

    def error(backbone: Backbone) -> float:
        features = user_side_features(evidence, backbone.log_count, TINY)
        ratings, movies = torch.from_numpy(evidence.ratings), torch.from_numpy(evidence.movies)
        user_factors = fold_in(backbone, evidence.people, movies, ratings, features).user_factors
        people, movies = (torch.from_numpy(at) for at in np.indices(truth.shape).reshape(2, -1))
        predicted, _ = predict(backbone, user_factors, people, movies)
        return float(np.square(predicted.numpy() - truth.ravel()).mean())

    assert error(merge_chains(chains, evidence, TINY)) < min(error(chain) for chain in chains)


def test_wishart_draws_average_to_their_mean():
    scale = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    random = torch.Generator().manual_seed(0)
    draws = torch.stack([wishart(scale, 7, random) for _ in range(4000)])
    torch.testing.assert_close(draws.mean(dim=0), 7 * scale, rtol=0.05, atol=0.2)


def test_features_hold_the_set_its_size_and_the_rest():
    owners, members = np.array([0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 3])
    features = set_features(
        owners, members, (3, 5), LogCount(0.0, 1.0, 0.0), np.array([[7.0], [8.0], [9.0]], np.float32)
    )
    features = features.dense().numpy()
    np.testing.assert_allclose(features[0], [0.5, 0.5, 0.5, 0.5, 0, 1, np.log(5), 7])
    np.testing.assert_allclose(features[1], [0, 0, 0, 1, 0, 1, np.log(2), 8])
    np.testing.assert_allclose(features[2], [0, 0, 0, 0, 0, 1, 0, 9])


def test_counts_are_standardised_over_those_who_have_any_and_none_is_below_the_least():
    owners = np.array([0, 0, 0, 0, 2])
    of_three = LogCount.of(owners, 3)
    assert of_three == pytest.approx(((np.log(5) + np.log(2)) / 2, (np.log(5) - np.log(2)) / 2, np.log(2)))
    np.testing.assert_allclose(of_three.standardised(np.array([4, 0, 1])), [1, -1, -1])


def test_the_fewer_ratings_the_more_of_a_persons_set_is_the_usual_one():
    backbone = fixed_backbone(movies=50, features=55)
    people = np.repeat([1, 2], [10, 40])
    movies = np.concatenate([np.arange(10), np.arange(40)])
    evidence = Interactions(people, movies, np.ones(50, np.float32), np.ones((3, 3), np.float32), np.zeros((50, 0)))
    features = user_side_features(evidence, backbone.log_count, TINY)
    weights = backbone.weights[0]
    dense = features.dense()
    expected = dense[:, 50:51] @ weights[50:51] + dense[:, 52:] @ weights[52:]
    own = torch.tensor([[0], [0.5], [1600 / 1700]])
    expected += own * (dense[:, :50] @ weights[:50] + dense[:, 51:52] @ weights[51:52])
    expected += (1 - own) * (torch.full((50,), 0.25) @ weights[:50])
    torch.testing.assert_close(prior_means(backbone, people, features)[0], expected)


def test_the_usual_set_is_that_of_those_who_rated():
    evidence = Interactions(
        np.array([0, 0, 0, 0, 2]), np.array([0, 1, 2, 3, 3]), np.ones(5, np.float32), np.zeros((3, 0)), np.zeros((5, 0))
    )
    sampled = sample_backbone(evidence, BackboneConfig(factors=1, iterations=2, burn_in=0, samples=1), 0)
    np.testing.assert_allclose(sampled.mean_user_set.numpy(), [0.25, 0.25, 0.25, 0.75, 0])


def test_the_whole_catalogue_is_predicted_as_its_pairs_are():
    backbone = fixed_backbone(movies=9, features=13)
    user_factors = torch.randn(1, 1, 3, generator=torch.Generator().manual_seed(5))
    pairs = predict(backbone, user_factors, torch.zeros(9, dtype=torch.int64), torch.arange(9))
    torch.testing.assert_close(predict_catalogue(backbone, user_factors), pairs)


@pytest.mark.parametrize("dense_cells", [0, 10_000])
def test_a_backbone_in_bytes_answers_as_the_same_in_numbers(monkeypatch, dense_cells):
    monkeypatch.setattr(side_information, "DENSE_CELLS", dense_cells)
    monkeypatch.setattr(backbones, "MOVIES_AT_ONCE", 4)
    made = fixed_backbone(movies=9, features=13)
    arrays = backbone_arrays(made)
    numbers, in_bytes = from_arrays(arrays), from_arrays(arrays, in_bytes=True)
    assert {name: array.tolist() for name, array in backbone_arrays(in_bytes).items()} == {
        name: array.tolist() for name, array in arrays.items()
    }
    people, movies = np.array([0, 0, 0, 1, 1]), torch.tensor([2, 7, 2, 0, 8])
    features = side_features(np.random.default_rng(1).random((3, 13)), movies=9)
    folded = [fold_in(each, people, movies, torch.tensor([5.0, 4, 1, 3, 2]), features) for each in (numbers, in_bytes)]
    torch.testing.assert_close(folded[1].user_factors, folded[0].user_factors)
    torch.testing.assert_close(folded[1].loo_residuals, folded[0].loo_residuals)
    factors = folded[0].user_factors
    asked = torch.tensor([0, 2, 1, 1]), torch.tensor([8, 8, 3, 0])
    torch.testing.assert_close(predict(in_bytes, factors, *asked), predict(numbers, factors, *asked))
    whole = predict_catalogue(numbers, factors[:, :1])
    torch.testing.assert_close(predict_catalogue(in_bytes, factors[:, :1]), whole)
    some = predict_catalogue(in_bytes, factors[:, :1], torch.tensor([7, 0]))
    torch.testing.assert_close(some, tuple(part[[7, 0]] for part in whole))


def test_unknown_fields_and_years_are_nought():
    np.testing.assert_array_equal(
        user_features_of(np.array([[9, 2, 1], [9, 1, 3]]), [4, 4]), [[1, 0, 0, 0], [0, 0, 0, 1]]
    )
    item_features = item_features_of(np.array([[2, 0], [3, 2]]), 4, np.array([np.nan, 1999.0]))
    np.testing.assert_array_equal(item_features[:, :2], [[1, 0], [1, 1]])
    assert item_features[0, 2:].tolist() == [0, 0]


@pytest.mark.parametrize("wrong", [{"factors": 0}, {"burn_in": 90}, {"shrinkage": 0.0}, {"noise_ratings": -1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        BackboneConfig(**wrong)
