"""The suites that ship with ferbench, as TOML files."""
