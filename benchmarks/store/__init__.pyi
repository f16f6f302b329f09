from .finals import FINALS, final_arrays, final_record, write_final
from .ledger import LEDGER, Ledger, Opening, code_version, count_families, family_of, opening_time
from .others import has_peers, trust_models, with_contract, with_peers
from .retimed import TIMING_SCHEMA, TIMINGS, read_timings, write_timing
from .shapes import check_record, check_suite
from .store import COMPANIONS, SCHEMA, Store, read_arrays, save_arrays, write_record_file
from .suite import Cell, Suite, available_suites, load_suite
from .suite_checks import OFFICIAL, check_protocol
from .suite_seeds import with_seeds
from .timing import environment, latency_summary, measure_latency, measure_throughput, one_core, peak_memory_bytes

__all__ = [
    "COMPANIONS",
    "FINALS",
    "LEDGER",
    "OFFICIAL",
    "SCHEMA",
    "TIMINGS",
    "TIMING_SCHEMA",
    "Cell",
    "Ledger",
    "Opening",
    "Store",
    "Suite",
    "available_suites",
    "check_protocol",
    "check_record",
    "check_suite",
    "code_version",
    "count_families",
    "environment",
    "family_of",
    "final_arrays",
    "final_record",
    "has_peers",
    "latency_summary",
    "load_suite",
    "measure_latency",
    "measure_throughput",
    "one_core",
    "opening_time",
    "peak_memory_bytes",
    "read_arrays",
    "read_timings",
    "save_arrays",
    "trust_models",
    "with_contract",
    "with_peers",
    "with_seeds",
    "write_final",
    "write_record_file",
    "write_timing",
]
