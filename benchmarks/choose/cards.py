"""Write the sections that the model cards of all tasks share: data, parameters, fit, calibration and notes."""

from collections.abc import Mapping, Sequence
from typing import Any

CARD = "MODEL_CARD.md"
_NOTES = "\n## Notes\n\n"
# What comes after the calibration in a card.
_AFTER = ("\n## Known weaknesses\n", _NOTES, "\n## Terms\n")


def data_text(data: Mapping[str, Any]) -> str:
    """Return name and fingerprint of the data."""
    return f"{data['name']}{' (drawn faces)' if data['drawn'] else ''}, fingerprint `{data['fingerprint'][:16]}`"


def fit_text(record: Mapping[str, Any], total_s: float | None = None) -> str:
    """Return the parameters of the recipe, the fit time and the machine.

    Parameters
    ----------
    record : mapping
        Record of the cell.
    total_s : float, optional
        Seconds of the whole fit, with those of its teachers and members, if they were measured.
    """
    params, machine = record["recipe"]["all_params"], record["environment"]
    said = ", ".join(f"{name} {value}" for name, value in params.items() if value not in (None, "", "()"))
    made = record["recipe"].get("made_of") or any(params.get(name) for name in ("teachers", "bundles"))
    others = ", without the fits of its teachers and members" if made else ""
    if total_s is not None and round(total_s) > round(record["timings"]["fit_s"]):
        others = f"; {total_s:,.0f} s with extraction, teachers and members"
    return (
        f"- Parameters: {said}.\n"
        f"- Fit: {record['timings']['fit_s']:,.0f} s on {machine['cpu']}, {machine['cores']} cores{others}. "
        f"Seed {record['seed']}."
    )


def shares_text(shares: Mapping[str, float] | None) -> str:
    """Return a line about the shares of the classes in the training data; empty where the bundle states none."""
    if shares is None:
        return ""
    said = ", ".join(f"{label} {share:.3f}" for label, share in shares.items())
    return f"\n- Shares of the classes: {said}. For faces with other shares, state these: `--priors`."


def calibration_text(calibration: Mapping[str, Any]) -> str:
    """Return the section of a card about temperature, threshold and coverage."""
    reject, split = calibration.get("reject", {}), calibration.get("split", "the validation split")
    lines = [f"- Temperature {calibration['temperature']:.3f}{_fitted_on(calibration)}."]
    if {"ece_before", "ece_after"} <= calibration.keys():
        lines.append(
            f"- Calibration error there {calibration['ece_before']:.4f} before and {calibration['ece_after']:.4f} "
            "after, each half of the images with the temperature of the other half."
        )
    if {"threshold", "coverage", "accuracy", "accuracy_all"} <= reject.keys():
        lines.append(
            f"- An answer below {reject['threshold']:.3f} is uncertain. On {split} {reject['coverage']:.1%} of the "
            f"answers are certain, with an accuracy of {reject['accuracy']:.4f} (all: {reject['accuracy_all']:.4f}). "
            "The threshold was chosen there, so these figures are optimistic."
        )
    lines.append("- The labels are the same without it. Suites, members and teachers use the bundle without it.")
    return "\n".join(lines)


def calibration_section(calibration: Mapping[str, Any] | None) -> list[str]:
    """Return the heading and the section of a card about a calibration; nothing without one."""
    return [] if calibration is None else ["## Calibration", calibration_text(calibration)]


def _fitted_on(calibration: Mapping[str, Any]) -> str:
    """Say on which images a temperature was fitted; empty where the bundle does not state it."""
    if "n_images" not in calibration:
        return ""
    data = f" of {calibration['dataset']}" if "dataset" in calibration else ""
    copies = calibration.get("n_copies", 0)
    without = f", without {copies:,} copies of training images" if copies else ""
    return f", fitted on {calibration['n_images']:,} images of {calibration.get('split', 'it')}{data}{without}"


def with_calibration(card: str, calibration: Mapping[str, Any]) -> str:
    """Return a card with the section about a calibration, in place of the one that it may have."""
    head, found, rest = card.partition("\n## Calibration\n")
    if found:
        card = f"{head}\n## {after}" if (after := rest.partition("\n## ")[2]) else head
    place = min((at for title in _AFTER if (at := card.find(title)) >= 0), default=len(card))
    section = f"\n## Calibration\n\n{calibration_text(calibration)}\n"
    return card[:place] + section + card[place:]


def notes_of(card: str) -> list[str]:
    """Return the notes at the end of a card, to be kept in a new one."""
    notes = card.partition(_NOTES)[2].strip()
    return [notes] if notes else []


def card_text(parts: Sequence[str], notes: Sequence[str] = ()) -> str:
    """Join the sections of a card, then add the notes."""
    told = [f"## Notes\n\n{note}" if place == 0 else note for place, note in enumerate(notes)]
    return "\n\n".join([*parts, *told]) + "\n"
