"""Recipes of whole recognizers, one module each: a new file adds a recipe."""
