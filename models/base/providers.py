"""Choose the execution provider of onnxruntime: the part of it that computes on a processor or an accelerator."""

import os
from pathlib import Path
from typing import Any

CPU = "cpu"
#: Names for ``--provider``, and the names of onnxruntime.
PROVIDERS = {
    CPU: "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
_PACKAGES = {"cuda": "onnxruntime-gpu", "openvino": "onnxruntime-openvino", "coreml": "onnxruntime on macOS"}


def import_onnxruntime() -> Any:
    """Import onnxruntime without its telemetry, and return it.

    From release 1.32 on, it keeps events in a file of the user's cache and sends them to its maker. ferbench says that
    nothing leaves the machine. Whoever wants the telemetry sets the environment variable ``ORT_DISABLE_TELEMETRY=0``.
    """
    off = os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1") != "0"
    import onnxruntime

    # The variable is read when onnxruntime is first imported, perhaps by somebody else before.
    if off and hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_session(file: Path | bytes, n_threads: int | None = None, provider: str = CPU, *, quiet: bool = False) -> Any:
    """Open an ONNX file with onnxruntime.

    Parameters
    ----------
    file : Path or bytes
        ONNX model, or the content of its file.
    n_threads : int or None
        Threads for one call; None uses the default of onnxruntime.
    provider : {"cpu", "cuda", "openvino", "coreml"}, default="cpu"
        Execution provider of onnxruntime.
    quiet : bool, default=False
        Whether onnxruntime writes only fatal errors to its log; the exception says the rest.

    Raises
    ------
    ValueError
        If the provider is unknown, is not offered here, or cannot be started.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    if quiet:
        options.log_severity_level = 4
    if n_threads is not None:
        options.intra_op_num_threads = n_threads
    session = onnxruntime.InferenceSession(file, options, providers=provider_names(provider))
    check_provider(session, provider)
    return session


def provider_names(provider: str) -> list[str]:
    """Return the names for a session of onnxruntime: the provider, and the processor for what it cannot compute.

    Parameters
    ----------
    provider : {"cpu", "cuda", "openvino", "coreml"}

    Raises
    ------
    ValueError
        If the provider is unknown, or the installed onnxruntime does not offer it; the message lists what it offers.
    """
    available = import_onnxruntime().get_available_providers()
    offered = ", ".join(name for name, full in PROVIDERS.items() if full in available)
    if provider not in PROVIDERS:
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}; got {provider!r} (offered here: {offered})")
    if PROVIDERS[provider] not in available:
        raise ValueError(
            f"provider {provider}: this onnxruntime offers {offered}; install {_PACKAGES[provider]} in place of it, or "
            "leave --provider out"
        )
    return list(dict.fromkeys([PROVIDERS[provider], PROVIDERS[CPU]]))


def check_offered(provider: str) -> str:
    """Return the provider if it can be used here; onnxruntime is imported only for another one than the processor."""
    if provider != CPU:
        provider_names(provider)
    return provider


def check_provider(session: Any, provider: str) -> None:
    """Raise ValueError if a session runs without the provider: onnxruntime falls back to the processor silently."""
    if PROVIDERS[provider] not in session.get_providers():
        raise ValueError(
            f"provider {provider} cannot be started on this machine; check its drivers, or leave --provider out"
        )
