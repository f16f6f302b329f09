"""Write the sections that the model cards of all tasks share: data, parameters, fit and notes."""

from collections.abc import Mapping, Sequence
from typing import Any


def data_text(data: Mapping[str, Any]) -> str:
    """Return name and fingerprint of the data."""
    return f"{data['name']}{' (drawn faces)' if data['drawn'] else ''}, fingerprint `{data['fingerprint'][:16]}`"


def fit_text(record: Mapping[str, Any]) -> str:
    """Return the parameters of the recipe, the fit time and the machine."""
    params, machine = record["recipe"]["all_params"], record["environment"]
    said = ", ".join(f"{name} {value}" for name, value in params.items() if value not in (None, "", "()"))
    others = ", without the fits of its members" if record["recipe"].get("made_of") else ""
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


def card_text(parts: Sequence[str], notes: Sequence[str] = ()) -> str:
    """Join the sections of a card, then add the notes."""
    told = [f"## Notes\n\n{note}" if place == 0 else note for place, note in enumerate(notes)]
    return "\n\n".join([*parts, *told]) + "\n"
