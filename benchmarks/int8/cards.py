"""Write the model card of an int8 bundle; it has the figures of the comparison only."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.choose import calibration_section, card_text
from ferbench.benchmarks.tables import listed, markdown_table
from ferbench.models import pretrained
from ferbench.models.bundles import DEVELOPMENT

if TYPE_CHECKING:
    from ferbench.benchmarks.int8.checked import Checked

_HOW = (
    "Static quantization by onnxruntime {version} (8-bit unsigned activations and weights, weights by channel, ranges "
    "by the percentile 99.999). Weights are unsigned because signed ones saturate on processors without VNNI. All to "
    "the end of the first residual block, the mean over the image and the last layer stay in float32."
)


def int8_card(checked: "Checked", info: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """Return the model card in Markdown."""
    name, data = info["recipe"]["name"], info.get("dataset", {})
    labels = info["labels"]
    source = f"{data.get('name', 'unknown data')}, fingerprint `{str(data.get('fingerprint', ''))[:16]}`"
    parts = [
        f"# {name}",
        f"`{checked.name}` in 8-bit integers: recognizes {listed(labels)} in a gray picture of one face.",
        "## How it was made",
        f"- Network: `{checked.name}`, SHA-256 of its description `{info['precision']['sha256'][:16]}`, trained on "
        f"{source}.\n"
        f"- Ranges of the activations: from {checked.calibration_images:,} images of Training.\n"
        f"- {_HOW.format(version=info['versions']['onnxruntime'])}",
        "## Measured",
        figures_table([checked]),
        f"{checked.split} was used for model selection, and to choose the way of quantization, so these figures are "
        "optimistic. No image of PrivateTest was used for this card: the int8 network has no figure there."
        + (f" {DEVELOPMENT}" if checked.name in pretrained() else ""),
        *calibration_section(info.get("calibration")),
        "## Known weaknesses",
        f"- Those of `{checked.name}`, see its card.\n"
        f"- {100 * (1 - checked.same_labels):.1f} % of the labels differ from those of `{checked.name}`.",
    ]
    return card_text(parts, notes)


def figures_table(rows: "Sequence[Checked]") -> str:
    """Return accuracy, agreement and size of float32 and int8 networks as a Markdown table."""
    header = ("network", "float32", "int8", "int8 less float32, points", "same label", "MB")
    return markdown_table(header, [_cells(row) for row in rows])


def _cells(row: "Checked") -> list[str]:
    points = {name: 100 * row.difference[name] for name in ("value", "low", "high")}
    return [
        row.name,
        f"{row.float_accuracy['value']:.4f}",
        f"{row.int8_accuracy['value']:.4f}",
        f"{points['value']:+.2f} [{points['low']:+.2f}, {points['high']:+.2f}]",
        f"{100 * row.same_labels:.2f} %",
        f"{row.float_bytes / 1e6:.2f} → {row.int8_bytes / 1e6:.2f}",
    ]
