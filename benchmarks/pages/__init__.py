"""What the reports of all tasks share: reading results, the leaderboard, drawings and the page."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
