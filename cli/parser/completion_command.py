"""``ferbench completion``: a script that completes words in a shell."""

import argparse

from ferbench.cli.parser.completion import SHELLS, completion_script

HELP = """Print a script that lets a shell complete commands, options and their choices. bash: put
eval "$(ferbench completion bash)" into ~/.bashrc; zsh: the same with zsh into ~/.zshrc, after compinit; fish:
ferbench completion fish > ~/.config/fish/completions/ferbench.fish."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``completion``; the entry point's default of ``whole_parser`` builds the whole parser."""
    parser.description = HELP
    parser.add_argument("shell", choices=SHELLS, help="the shell: bash, zsh or fish")
    parser.set_defaults(command=_print_script)


def _print_script(args: argparse.Namespace) -> int:
    print(completion_script(args.whole_parser(), args.shell))
    return 0
