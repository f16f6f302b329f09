"""Run a measurement of the live system with ``python -m ferbench.realtime.measure``."""

import sys

from ferbench.realtime.measure.measure import main

if __name__ == "__main__":
    sys.exit(main())
