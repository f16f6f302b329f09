"""Save the README's plot of accuracy against latency: ``python docs/tools/pareto.py docs/_static/pareto.png``."""

import runpy
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "gallery" / "plot_14_pareto.py"


def main(target: Path) -> None:
    """Run the script of the gallery and save its figure."""
    import matplotlib

    matplotlib.use("Agg")
    runpy.run_path(str(SCRIPT))["fig"].savefig(target, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/_static/pareto.png"))
