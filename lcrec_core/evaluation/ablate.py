"""Measure what each part of LCRec is worth, and how it learns from more ratings, on the validation part.

`python -m lcrec_core ablate` writes `artifacts/<data>/ablation.json`. The backbones are sampled once and shared by all
variants whose network alone differs. A variant that is there is not measured again.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_cached
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.evaluation import ablation
from lcrec_core.evaluation.ablation import Measured, Variant, path_of, read
from lcrec_core.files import write_whole
from lcrec_core.metrics import distribution as breakdown
from lcrec_core.models.bundle import artifacts_root
from lcrec_core.models.lcrec import fit as fit_lcrec
from lcrec_core.models.lcrec import model as lcrec
from lcrec_core.models.lcrec.backbone import Backbone, Evidence, LogCount, together
from lcrec_core.models.lcrec.config import LCRecConfig, LCRecTrainConfig
from lcrec_core.models.lcrec.fit import Folds
from lcrec_core.models.lcrec.network import LCRecNetwork
from lcrec_core.models.paper.model import Errors
from lcrec_core.training import resumable
from lcrec_core.training.run import one_thread

Say = Callable[[str], None]
_BACKBONES = "{}/ablation"
"""Where a stopped ablation of a data set keeps its backbones, as `resumable` names it."""


def run(
    data: Dataset,
    seed: int,
    say: Say,
    network: LCRecConfig | None = None,
    config: LCRecTrainConfig | None = None,
    scratch: Path | None = None,
) -> list[Measured]:
    """Measure every variant that is not there yet, by the random protocol.

    Raises:
        AblationError: What is saved cannot be used.
        TrainingError: There is not enough memory.
    """
    fit_lcrec.check_memory(data)
    config = replace(config or LCRecTrainConfig(), seed=seed)
    network = network or LCRecConfig()
    bench = _Bench(data, config, network, scratch or resumable.folder_of(_BACKBONES.format(data.name)), say)
    done = {entry.name for entry in read(data.name)}
    with one_thread():
        for variant in ablation.VARIANTS:
            if variant.name not in done:
                entries = bench.measure(variant)
                _save(data.name, seed, [*read(data.name), *entries])
                for entry in entries:
                    say(f"{entry.what}: MSE {entry.mse:.4f}, MAE {entry.mae:.4f}")
    resumable.discard(_BACKBONES.format(data.name))
    return read(data.name)


def _save(data: str, seed: int, entries: list[Measured]) -> None:
    path = path_of(data)
    saved = {"data": data, "protocol": Protocol.RANDOM, "part": "valid", "seed": seed}
    write_whole(path, json.dumps(saved | {"variants": [asdict(entry) for entry in entries]}, indent=1) + "\n")


class _Bench:
    """The validation part, and the backbones that variants share."""

    def __init__(self, data: Dataset, config: LCRecTrainConfig, network: LCRecConfig, scratch: Path, say: Say) -> None:
        self.data, self.config, self.network, self.scratch, self.say = data, config, network, scratch, say
        self.split = make_split(data, Protocol.RANDOM, config.seed)
        self.actual = data.ratings[Col.RATING].to_numpy()[self.split.valid]
        self._shared: tuple[Encoded, Evidence, Folds] | None = None

    def measure(self, variant: Variant) -> list[Measured]:
        config = replace(self.config, **variant.run, backbone=replace(self.config.backbone, **variant.backbone))
        if variant.backbone:
            encoded, evidence = self._encode(1.0)
            fold_of = fit_lcrec.draw_folds(len(evidence.ratings), config)
            backbones, _ = fit_lcrec.sample_backbones(evidence, fold_of, config, self.scratch, self.say)
            folds = Folds(together(backbones, evidence, config.backbone), [], [])
        elif not variant.has_backbone:
            encoded, evidence = self._encode(1.0)
            fold_of = fit_lcrec.draw_folds(len(evidence.ratings), config)
            nothing = no_backbone(evidence)
            folds = fit_lcrec.make_folds(self.data, encoded, evidence, fold_of, [nothing] * config.folds, config)
        else:
            encoded, evidence, folds = self._folds(variant.share)
        settings = replace(self.network, **variant.network)
        network = None
        if variant.has_network:
            network = fit_lcrec.train_network(self.data, encoded, folds, settings, config)
        return list(self._answers(variant, encoded, evidence, folds, network, config))

    def _answers(
        self,
        variant: Variant,
        encoded: Encoded,
        evidence: Evidence,
        folds: Folds,
        network: LCRecNetwork | None,
        config: LCRecTrainConfig,
    ) -> Iterator[Measured]:
        asked = lcrec.ask_rows(self.data, folds.backbone, evidence, encoded, self.split.valid, config.backbone)
        if network is None:
            predicted = np.empty(len(asked.order), dtype=np.float32)
            predicted[asked.order] = asked.sequences.backbone
            yield self._measured(variant, True, len(evidence.ratings), predicted, None)
            return
        features = lcrec.features_of(network, encoded)
        for later in (True, False) if variant.name == "whole" else (True,):
            answer = asked.answer(network, features, later=later)
            yield self._measured(variant, later, len(evidence.ratings), answer.rating, answer.probabilities)

    def _measured(
        self, variant: Variant, later: bool, ratings: int, predicted: np.ndarray, probabilities: np.ndarray | None
    ) -> Measured:
        errors = Errors.of(self.data.scale.clip(predicted), self.actual)
        loss = None
        if probabilities is not None:
            loss = round(breakdown.log_loss(probabilities, self.data.scale.places(self.actual)), 5)
        what = variant.what if later else f"{variant.what}, not told what was rated afterwards"
        return Measured(variant.name, what, later, ratings, round(errors.mse, 5), round(errors.mae, 5), loss)

    def _folds(self, share: float) -> tuple[Encoded, Evidence, Folds]:
        if share == 1.0 and self._shared is not None:
            return self._shared
        encoded, evidence = self._encode(share)
        fold_of = fit_lcrec.draw_folds(len(evidence.ratings), self.config)
        backbones, _ = fit_lcrec.sample_backbones(evidence, fold_of, self.config, self.scratch, self.say)
        folds = fit_lcrec.make_folds(self.data, encoded, evidence, fold_of, backbones, self.config)
        if share == 1.0:
            self._shared = encoded, evidence, folds
        return encoded, evidence, folds

    def _encode(self, share: float) -> tuple[Encoded, Evidence]:
        rows = self.split.train
        if share < 1.0:
            rng = np.random.default_rng([self.config.seed, round(share * 100)])
            rows = np.sort(rng.choice(rows, round(share * len(rows)), replace=False))
        encoded = encode_cached(self.data, rows, artifacts_root() / ".cache")
        return encoded, lcrec.evidence_of(self.data, encoded)


def no_backbone(evidence: Evidence) -> Backbone:
    """One that says the mean of all ratings for everything, so that residuals are ratings less that."""
    people, fields = evidence.fields.shape
    movies = len(evidence.traits)
    return Backbone(
        mean=float(evidence.ratings.mean()),
        noise=1.0,
        noise_ratings=1.0,
        movies=torch.zeros(1, movies, 2),
        weights=torch.zeros(1, movies + 2 + fields, 2),
        precision=1e9 * torch.eye(2).unsqueeze(0),
        log_count=LogCount.of(evidence.people, people),
        usual_set=torch.zeros(movies),
    )
