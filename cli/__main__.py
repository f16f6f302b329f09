"""``python -m ferbench.cli`` is the same command as ``ferbench``."""

import sys

from ferbench.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
