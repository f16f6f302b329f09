"""Run the ``ferbench`` command with ``python -m ferbench.cli``."""

import sys

from ferbench.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
