import numpy as np
import pytest

from lcrec_core.data.encode import PAD, UNK, encode
from lcrec_core.models.paper.batches import cut_lengths, groups_of_equal_length, liked_history, make_batch, plan_pass
from lcrec_core.models.paper.config import BatchConfig
from tests.made_up import made_up

LIKED = 3.0
KEEP_ALL = BatchConfig(batch_size=64, unknown_rate=0.0, short_history_rate=0.0)


@pytest.fixture(scope="module")
def encoded():
    data = made_up(people=30, films=80, ratings_each=40)
    return encode(data, np.arange(len(data.ratings)))


def a_pass(encoded, config=KEEP_ALL, seed=0, max_history=200):
    return plan_pass(encoded.histories, config, LIKED, max_history, np.random.default_rng(seed))


def test_every_rating_is_hidden_exactly_once_a_pass(encoded):
    plan = a_pass(encoded)
    assert np.array_equal(np.sort(plan.hidden), np.arange(len(encoded.histories.ratings)))
    assert np.array_equal(np.sort(np.concatenate(plan.steps)), np.arange(len(plan.task_person)))


def test_hidden_shares_lie_between_10_and_50_percent(encoded):
    plan = a_pass(encoded)
    owned = np.diff(encoded.histories.offsets)[plan.task_person]
    shares = np.diff(plan.task_offsets) / owned
    assert shares.min() >= 0.1 - 1 / owned.min()
    assert shares.max() <= 0.5 + 1e-9


def test_a_hidden_rating_is_never_in_the_history_that_predicts_it(encoded):
    plan = a_pass(encoded)
    histories = encoded.histories
    for tasks in plan.steps:
        batch = make_batch(encoded, plan, tasks, KEEP_ALL, LIKED, np.random.default_rng(1))
        for row, task in enumerate(tasks):
            hidden = plan.hidden[plan.task_offsets[task] : plan.task_offsets[task + 1]]
            shown = batch.movie_ids[batch.history[row]].numpy()
            asked = batch.movie_ids[batch.target_movie[batch.target_person == row]].numpy()
            assert set(asked) == set(encoded.movies.ids[histories.movies[hidden]])
            assert not set(asked) & set(shown)


def test_a_history_is_the_other_liked_ratings_in_time_order(encoded):
    plan = a_pass(encoded)
    histories = encoded.histories
    task = int(plan.steps[0][0])
    person = plan.task_person[task]
    own = np.arange(histories.offsets[person], histories.offsets[person + 1])
    visible = [i for i in own if plan.task_of_rating[i] != task and histories.ratings[i] >= LIKED]
    batch = make_batch(encoded, plan, np.array([task]), KEEP_ALL, LIKED, np.random.default_rng(1))
    expected = encoded.movies.ids[histories.movies[visible]][len(visible) - plan.task_length[task] :]
    assert batch.movie_ids[batch.history[0]].tolist() == expected.tolist()
    assert np.all(np.diff(histories.times[own]) >= 0)


def test_steps_share_one_history_length_and_hold_about_a_batch(encoded):
    plan = a_pass(encoded)
    sizes = np.diff(plan.task_offsets)
    for tasks in plan.steps:
        assert len(set(plan.task_length[tasks])) == 1
        assert sizes[tasks].sum() <= 1.5 * KEEP_ALL.batch_size


def test_unknown_replaces_values_at_its_rate_but_never_padding(encoded):
    config = BatchConfig(batch_size=64, unknown_rate=0.4)
    plan = a_pass(encoded, config)
    rng = np.random.default_rng(5)
    batches = [make_batch(encoded, plan, tasks, config, LIKED, rng) for tasks in plan.steps]
    fields = np.concatenate([batch.fields.numpy().ravel() for batch in batches])
    assert abs((fields == UNK).mean() - 0.4) < 0.08
    plain = [make_batch(encoded, plan, tasks, KEEP_ALL, LIKED, rng) for tasks in plan.steps]
    for batch, whole in zip(batches, plain, strict=True):
        assert np.array_equal(batch.movie_words == PAD, whole.movie_words == PAD)


def test_short_histories_appear_so_that_new_people_are_known(encoded):
    plan = a_pass(encoded, BatchConfig(batch_size=64, short_history_rate=0.5, short_history=3))
    assert 0.35 < (plan.task_length <= 3).mean() < 0.65


def test_the_generator_decides_everything(encoded):
    assert np.array_equal(a_pass(encoded, seed=4).hidden, a_pass(encoded, seed=4).hidden)
    assert not np.array_equal(a_pass(encoded, seed=4).hidden, a_pass(encoded, seed=5).hidden)


def test_liked_history_forgets_the_oldest(encoded):
    whole = liked_history(encoded.histories, 0, LIKED, 200)
    assert np.array_equal(liked_history(encoded.histories, 0, LIKED, 5), whole[-5:])
    assert len(liked_history(encoded.histories, 0, LIKED, 0)) == 0
    assert len(liked_history(encoded.histories, 0, 6.0, 200)) == 0


def test_cut_lengths_are_exact_when_short_and_lose_little_when_long():
    lengths = np.arange(301)
    cut = cut_lengths(lengths)
    assert np.array_equal(cut[:21], lengths[:21])
    assert np.all(cut <= lengths)
    assert np.all(cut[21:] >= 0.9 * lengths[21:])
    assert len(set(cut)) < 80


def test_groups_cover_everything_once():
    lengths = np.array([3, 1, 3, 3, 0, 1])
    groups = list(groups_of_equal_length(lengths, most=2))
    assert sorted(np.concatenate(groups).tolist()) == [0, 1, 2, 3, 4, 5]
    assert all(len(group) <= 2 and len(set(lengths[group])) == 1 for group in groups)


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"hidden_least": 0.0}, {"hidden_most": 0.6}, {"unknown_rate": 1.0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        BatchConfig(**wrong)
