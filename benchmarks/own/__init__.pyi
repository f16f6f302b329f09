from .train import Trained, train_bundle
from .transfer import measure_transfer, write_transfer_report

__all__ = [
    "Trained",
    "measure_transfer",
    "train_bundle",
    "write_transfer_report",
]
