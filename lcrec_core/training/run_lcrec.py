"""A training run of LCRec: the same request, progress and bundle as any other model's (train.py)."""

import math
import time
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_cached
from lcrec_core.data.split import make_split
from lcrec_core.errors import TrainingError
from lcrec_core.models.bundle import LoadedBundle, artifacts_root, save_bundle
from lcrec_core.models.lcrec import fit as fit_lcrec
from lcrec_core.models.lcrec import model as lcrec
from lcrec_core.models.lcrec.fit import Folds, Step
from lcrec_core.models.lcrec.model import Asked
from lcrec_core.models.lcrec.network import LCRecConfig
from lcrec_core.models.lcrec.sequences import Sequences, step, steps
from lcrec_core.models.paper.model import Errors
from lcrec_core.sources import load as sources
from lcrec_core.training import resumable
from lcrec_core.training.run import TRAIN_SAMPLE, Progress, Report, TrainRequest, environment, one_thread


def train_lcrec(request: TrainRequest, tell: Report) -> LoadedBundle:
    """Sample the backbones, train the network, and save both as a bundle.

    A run that was stopped goes on with the backbones it had finished, whether or not it is told to resume.

    Raises:
        TrainingError: There is not enough memory for so many people or movies, or the loss is no longer a number.
        DataError: The data set is missing or damaged.
    """
    data = sources.load(request.data)
    fit_lcrec.check_memory(data)
    protocol, config = request.train.protocol, request.lcrec
    split = make_split(data, protocol, config.seed)
    fitted, asked = (split.train, split.valid) if request.validate else (split.fitting, split.test)
    encoded = encode_cached(data, fitted, artifacts_root() / ".cache")
    scratch = resumable.folder_of(request.bundle_name)
    part = "valid" if request.validate else "test"
    network = LCRecConfig(**request.network)
    with one_thread():
        watch = _Watch(request, data, encoded, asked, part, tell)
        model = fit_lcrec.fit(data, encoded, network, config, scratch, watch.say, watch)
        bundle = LoadedBundle(
            name=request.bundle_name,
            path=artifacts_root() / request.bundle_name,
            model=request.model,
            data=data.name,
            config={"model": asdict(network), "train": {**asdict(config), "protocol": protocol}},
            metrics=watch.metrics(len(fitted), len(asked), model),
            history=watch.history,
            environment=environment(torch.device("cpu")),
            fingerprint=data.fingerprint,
            vocabularies=encoded.vocabularies.hashes(),
            weights=lcrec.to_weights(model),
            movie_features=lcrec.catalogue_features(model).numpy(),
        )
    if request.save and not request.validate:
        save_bundle(bundle, replace=request.replace)
    resumable.discard(request.bundle_name)
    return bundle


class _Watch:
    """Draws the errors along the way and tells how far the run is."""

    def __init__(
        self, request: TrainRequest, data: Dataset, encoded: Encoded, rows: np.ndarray, part: str, tell: Report
    ) -> None:
        self.request, self.data, self.encoded, self.rows, self.part, self.tell = (
            request,
            data,
            encoded,
            rows,
            part,
            tell,
        )
        self.ratings = data.ratings[Col.RATING].to_numpy()[rows]
        self.asked: Asked | None = None
        self.history: list[dict[str, float]] = []
        self.started = time.perf_counter()
        self.evaluate_seconds = 0.0
        self.told = 0.0

    def say(self, note: str) -> None:
        """Told while the backbones are sampled."""
        epochs, seconds = self.request.lcrec.epochs, round(time.perf_counter() - self.started, 1)
        self.tell(Progress("running", self.request.bundle_name, epochs=epochs, seconds=seconds, note=note))

    def __call__(self, at: Step, folds: Folds) -> None:
        if at.evaluate:
            self._evaluate(at, folds)
        now = time.perf_counter()
        if at.evaluate or now - self.told > 0.5:
            self.told = now
            spent = now - self.started
            epochs = self.request.lcrec.epochs
            self.tell(
                Progress(
                    state="running",
                    bundle=self.request.bundle_name,
                    epoch=at.done / at.total * epochs,
                    epochs=epochs,
                    step=at.done,
                    steps=at.total,
                    ratings_per_second=round(at.ratings / max(spent - self.evaluate_seconds, 1e-9), 1),
                    eta_seconds=round(spent / at.done * (at.total - at.done), 1),
                    seconds=round(spent, 1),
                    history=list(self.history),
                )
            )

    def _evaluate(self, at: Step, folds: Folds) -> None:
        started = time.perf_counter()
        if self.asked is None:
            evidence = lcrec.evidence_of(self.data, self.encoded)
            settings = self.request.lcrec.backbone
            self.asked = lcrec.ask_rows(self.data, folds.backbone, evidence, self.encoded, self.rows, settings)
        features = lcrec.features_of(at.averaged, self.encoded)
        asked = Errors.of(self.asked.answer(at.averaged, features).rating, self.ratings)
        sampled = _training_errors(at, folds.sequences[0][0], folds.ratings[0], features)
        if not math.isfinite(asked.mse):
            raise TrainingError(
                "the loss is not a number; use a smaller learning rate", advice="give a smaller --learning-rate"
            )
        self.evaluate_seconds += time.perf_counter() - started
        self.history.append(
            {
                "epoch": at.done / at.total * self.request.lcrec.epochs,
                "train_mse": sampled.mse,
                "train_mae": sampled.mae,
                f"{self.part}_mse": asked.mse,
                f"{self.part}_mae": asked.mae,
                "seconds": round(folds.earlier_seconds + time.perf_counter() - self.started - self.evaluate_seconds, 2),
                "ratings_seen": at.ratings,
            }
        )

    def metrics(self, fitted: int, asked: int, model: lcrec.LCRec) -> dict[str, Any]:
        """What was measured."""
        last, seconds = self.history[-1], self.history[-1]["seconds"]
        backbone = model.backbone
        tensors = [*model.network.parameters(), backbone.movies, backbone.weights, backbone.precision]
        return {
            "part": self.part,
            **{name: last[name] for name in last if name.endswith(("_mse", "_mae"))},
            f"{self.part}_rmse": math.sqrt(last[f"{self.part}_mse"]),
            f"{self.part}_ratings": asked,
            "train_ratings": fitted,
            "seconds_total": round(seconds + self.evaluate_seconds, 1),
            # The backbones' sampling is shared out over the passes.
            "seconds_per_epoch": round(seconds / self.request.lcrec.epochs, 2),
            "seconds_evaluating": round(self.evaluate_seconds, 1),
            "parameters": sum(tensor.numel() for tensor in tensors),
        }


@torch.inference_mode()
def _training_errors(at: Step, sequences: Sequences, ratings: np.ndarray, features: torch.Tensor) -> Errors:
    """Errors on some of the first fold's targets, which the network learns from, dropout off."""
    squared = absolute = 0.0
    count = 0
    everybody = steps(sequences, np.arange(len(sequences.offsets) - 1), 2048)
    for people in everybody[:: max(1, len(everybody) * 2048 // TRAIN_SAMPLE)]:
        events, targets, which = step(sequences, people)
        predicted = at.averaged.mean(at.averaged(events, targets, features)).numpy()
        errors = Errors.of(predicted, ratings[which])
        squared, absolute, count = squared + errors.squared, absolute + errors.absolute, count + errors.count
    return Errors(squared, absolute, count)
