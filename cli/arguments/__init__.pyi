from .model_names import distinct_name, find_model, is_listed, named_models
from .options import (
    DataOptions,
    add_data_options,
    add_labels_option,
    add_priors_option,
    command,
    given,
    read_options,
    told_steps,
)

__all__ = [
    "DataOptions",
    "add_data_options",
    "add_labels_option",
    "add_priors_option",
    "command",
    "distinct_name",
    "find_model",
    "given",
    "is_listed",
    "named_models",
    "read_options",
    "told_steps",
]
