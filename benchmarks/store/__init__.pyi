from .store import COMPANIONS, SCHEMA, Store, file_digest, save_arrays, write_atomically, write_record_file
from .suite import Cell, Suite, available_suites, load_suite
from .timing import environment, latency_summary, measure_latency, measure_throughput, one_core, peak_memory_bytes

__all__ = [
    "COMPANIONS",
    "SCHEMA",
    "Cell",
    "Store",
    "Suite",
    "available_suites",
    "environment",
    "file_digest",
    "latency_summary",
    "load_suite",
    "measure_latency",
    "measure_throughput",
    "one_core",
    "peak_memory_bytes",
    "save_arrays",
    "write_atomically",
    "write_record_file",
]
