"""Loaders of known data sets, one file each; `ferbench data list` names them."""
