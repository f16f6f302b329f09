"""Recognisers: named recipes, the CNN, and bundles that carry them."""
