"""Set how often each bundle is measured; a module of its own, because the command's help reads the number."""

# Turns of each bundle, with up to ten calls in each: enough for a 99th percentile.
ROUNDS = 70
