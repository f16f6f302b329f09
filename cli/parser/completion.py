"""Completion scripts, made from the parser: nothing of Python runs while a shell completes a word."""

import argparse
import shlex
from collections.abc import Iterator

from ferbench.cli.parser.tree import Option, commands_of, first_choices, options_of

SHELLS = ("bash", "zsh", "fish")

_BASH = """# Completion of ferbench for bash; made by: ferbench completion bash
_ferbench() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD - 1]}}" place="" word words=""
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$place/$word" in
            {places}) place="$place/$word" ;;
        esac
    done
    COMPREPLY=()
    case "$place $prev" in
{values}
    esac
    case "$place" in
{words}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _ferbench ferbench
"""
_ZSH = """#compdef ferbench
# Completion of ferbench for zsh; made by: ferbench completion zsh
_ferbench() {{
    local place="" word
    local -a found
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        case "$place/$word" in
            {places}) place="$place/$word" ;;
        esac
    done
    case "$place ${{words[CURRENT-1]}}" in
{values}
    esac
    case "$place" in
{words}
    esac
    _describe 'ferbench' found
    [[ "$place" == "" || "$PREFIX" == -* ]] || _files
}}
compdef _ferbench ferbench
"""


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that completes the words of a parser's command line.

    Parameters
    ----------
    parser : ArgumentParser
        The parser of ``ferbench``, with every command.
    shell : {"bash", "zsh", "fish"}

    Raises
    ------
    ValueError
        If the shell is another one.
    """
    if shell == "bash":
        return _for_bash(parser)
    if shell == "zsh":
        return _for_zsh(parser)
    if shell == "fish":
        return "\n".join(_for_fish(parser)) + "\n"
    raise ValueError(f"shell must be one of {', '.join(SHELLS)}; got {shell!r}")


def _walk(parser: argparse.ArgumentParser, place: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its place, such as ``/data/fetch``; the place of ``ferbench`` itself is empty."""
    yield place, parser
    for name, (_, inner) in commands_of(parser).items():
        yield from _walk(inner, f"{place}/{name}")


def _places(parser: argparse.ArgumentParser) -> str:
    return "|".join(place for place, _ in _walk(parser) if place)


def _choosing(parser: argparse.ArgumentParser) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every option that takes a value, with its place, and the words that may follow, if these are known."""
    for place, inner in _walk(parser):
        for option in options_of(inner):
            if option.takes_value:
                yield "|".join(f'"{place} {name}"' for name in option.names), option.choices


def _for_bash(parser: argparse.ArgumentParser) -> str:
    values = [f"        {pattern}) {_bash_choices(choices)}return ;;" for pattern, choices in _choosing(parser)]
    words = [f'        "{place}") words="{_bash_words(inner)}" ;;' for place, inner in _walk(parser)]
    return _BASH.format(places=_places(parser), values="\n".join(values), words="\n".join(words))


def _bash_choices(choices: tuple[str, ...]) -> str:
    """Offer these words; where none are known bash offers files."""
    words = " ".join(choices)
    return f'COMPREPLY=($(compgen -W "{words}" -- "$cur")); ' if choices else ""


def _bash_words(parser: argparse.ArgumentParser) -> str:
    options = [name for option in options_of(parser) for name in option.names]
    return " ".join([*commands_of(parser), *first_choices(parser), *options])


def _for_zsh(parser: argparse.ArgumentParser) -> str:
    offers = [(pattern, f"compadd -- {' '.join(words)}" if words else "_files") for pattern, words in _choosing(parser)]
    values = [f"        {pattern}) {offer}; return ;;" for pattern, offer in offers]
    words = [f'        "{place}") found=({" ".join(_described(inner))}) ;;' for place, inner in _walk(parser)]
    return _ZSH.format(places=_places(parser), values="\n".join(values), words="\n".join(words))


def _described(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Words with what they mean, as zsh takes them: ``'word:meaning'``."""
    for name, (text, _) in commands_of(parser).items():
        yield shlex.quote(f"{name}:{text}")
    yield from map(shlex.quote, first_choices(parser))
    for option in options_of(parser):
        for name in option.names:
            yield shlex.quote(f"{name}:{option.help}")


def _for_fish(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield "# Completion of ferbench for fish; made by: ferbench completion fish"
    for place, inner in _walk(parser):
        condition = _fish_condition(place, tuple(commands_of(inner)))
        for name, (text, _) in commands_of(inner).items():
            yield f"complete -c ferbench -f -n {condition} -a {name} -d {_fish_quote(text)}"
        if choices := first_choices(inner):
            yield f"complete -c ferbench -f -n {condition} -a {_fish_quote(' '.join(choices))}"
        for option in options_of(inner):
            yield f"complete -c ferbench -n {condition} {_fish_option(option)}"


def _fish_condition(place: str, inner: tuple[str, ...]) -> str:
    """When a line holds: the words of the place were given, and none of the commands that follow it."""
    tests = [f"__fish_seen_subcommand_from {name}" for name in place.split("/")[1:]]
    if not place:
        tests.append("__fish_use_subcommand")
    elif inner:
        tests.append(f"not __fish_seen_subcommand_from {' '.join(inner)}")
    return _fish_quote("; and ".join(tests))


def _fish_option(option: Option) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.choices:
        parts.append(f"-x -a {_fish_quote(' '.join(option.choices))}")
    elif option.takes_value:
        parts.append("-r")
    return " ".join([*parts, f"-d {_fish_quote(option.help)}"])


def _fish_quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
