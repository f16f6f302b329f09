"""Adapter of a TorchScript file. The interpreter that has PyTorch runs this file, which imports nothing of ferbench."""

from typing import Any


class TorchScriptFile:
    """A model in a TorchScript file; its images are its input, prepared by its contract."""

    package = "torch"
    project = "https://pytorch.org"
    install = "pip install torch, or name an interpreter that has it with --torch PYTHON"
    trained_on = ""

    def __init__(self, path: str, labels: "list[str]") -> None:
        import torch

        self.torch, self.labels = torch, labels
        try:
            self.model = torch.jit.load(path, map_location="cpu").eval()
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"PyTorch cannot open it as TorchScript: {reason}") from error

    def faces(self, images: Any) -> Any:
        """Return one row of outputs for each image."""
        with self.torch.inference_mode():
            # What was read from a pipe cannot be written to, and PyTorch expects that it can.
            outputs = self.model(self.torch.from_numpy(images.copy()))
        if not isinstance(outputs, self.torch.Tensor):
            raise TypeError(f"its output is a {type(outputs).__name__}; expected one tensor")
        n_labels = len(self.labels)
        if tuple(outputs.shape) != (len(images), n_labels):
            raise ValueError(
                f"its output has the shape {tuple(outputs.shape)} for {len(images)} images; the contract's {n_labels} "
                f"labels expect {(len(images), n_labels)}"
            )
        return outputs.to(self.torch.float32).numpy()
