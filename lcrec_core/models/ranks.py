"""One fit by several processes: each computes its share of every step, and the gradients are added up.

torchrun starts the processes, which it calls ranks, and starts them anew should one die. All hold the same network and
draw the same batches; rank 0, the leader, alone measures and writes. Where there is one process nothing here does
anything.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

MEETING = timedelta(minutes=1)
"""How long processes look for each other; torchrun starts them anew when they have not met by then."""
PATIENCE = timedelta(hours=12)
"""How long the others wait while the leader measures; that one has died is noticed at once."""
_STARTS = "TORCHELASTIC_RESTART_COUNT"
"""Where torchrun tells how often it has started its processes again."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures and writes."""
        return self.rank == 0

    @property
    def salt(self) -> tuple[int, ...]:
        """For seeds of what each process draws for itself, such as dropout; the leader's are those of one process."""
        return () if self.leads else (self.rank,)

    def wait(self) -> None:
        """Until all have come here."""
        if self.count > 1:
            distributed.barrier()

    def together(self, network: nn.Module, loss: Tensor, targets: int) -> Tensor:
        """The loss of a whole step, whose gradients take the place of those of this process's share.

        A mean over targets is summed up by the shares' numbers of them, so it is what one process would have computed,
        but for rounding.

        Args:
            network: With the gradients of the share's loss; of no share it may have none.
            loss: Mean over the share's targets, scalar.
            targets: How many those are.
        """
        if self.count == 1:
            return loss
        learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
        parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in learnt]
        own = [part.reshape(-1) for part in (*parts, loss.detach())]
        summed = torch.cat([*own, loss.new_ones(1)]) * targets
        if not targets:  # a mean over nothing is no number
            summed = torch.zeros_like(summed)
        distributed.all_reduce(summed)
        mean = summed[:-1] / summed[-1].clamp(min=1)
        for parameter, gradient in zip(learnt, mean[:-1].split([each.numel() for each in learnt]), strict=True):
            parameter.grad = gradient.view_as(parameter)
        return mean[-1]


def current() -> Ranks:
    """Of this process; one alone unless `joined`."""
    if distributed.is_available() and distributed.is_initialized():
        return Ranks(distributed.get_rank(), distributed.get_world_size())
    return Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Meet the other processes of torchrun, if it has started this one, while the block runs."""
    if not (distributed.is_available() and distributed.is_torchelastic_launched()):
        yield Ranks()
        return
    place = int(os.environ["LOCAL_RANK"])
    if torch.cuda.is_available():
        torch.cuda.set_device(place)
    store, rank, count = next(distributed.rendezvous("env://", timeout=MEETING))
    # Of the processes of an earlier start the store still has the addresses, where nobody answers any more.
    store = distributed.PrefixStore(f"start-{os.environ.get(_STARTS, '0')}", store)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=MEETING)
    distributed.distributed_c10d._set_pg_timeout(PATIENCE)
    try:
        yield current()
    finally:
        distributed.destroy_process_group()


def begun_anew() -> bool:
    """Whether torchrun has started its processes again after one died: what is kept is gone on from then."""
    return int(os.environ.get(_STARTS, "0")) > 0
