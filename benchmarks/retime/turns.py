"""How often each bundle is measured; light, since the command's help names it."""

# Turns of each bundle, with up to ten calls in each: enough for a 99th percentile.
ROUNDS = 70
