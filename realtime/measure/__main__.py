"""``python -m ferbench.realtime.measure`` measures one configuration of the live system."""

import sys

from ferbench.realtime.measure.measure import main

if __name__ == "__main__":
    sys.exit(main())
