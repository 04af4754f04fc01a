"""Runs the scripts that come with Graphistry, as the options say, and gives what they print.

Here belong running them and their faults. What is asked of them is `keys` and `parting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.providers.graphistry import channel
from reconciler.providers.graphistry.argv import UnsafeWordError, filled
from reconciler.providers.graphistry.channel import Command, Ended
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.shell import quoted


class ScriptError(Exception):
    """A script did not do what it was asked for, as far as anybody knows; the text says why."""


def run_script(
    options: GraphistryOptions, name: str, words: Sequence[str], values: Mapping[str, str]
) -> str:
    """What the command of the option with this name printed. Raises ScriptError.

    It gets no input. What it printed is repeated in no error: keys may stand there.
    """
    try:
        argv = filled(words, values)
    except UnsafeWordError as error:
        raise ScriptError(f"{name}: {error}") from None
    ended = _ended(options, name, argv)
    if ended.code != 0:
        said = quoted(ended.noise)
        text = f"{name} ended with code {ended.code}"
        raise ScriptError(f"{text}; it said: {said}" if said else text)
    try:
        return ended.output.decode("utf-8")
    except UnicodeDecodeError:
        raise ScriptError(f"{name} printed what is no UTF-8") from None


def _ended(options: GraphistryOptions, name: str, argv: Sequence[str]) -> Ended:
    limits = (options.timeout_s, options.max_reply_bytes)
    command = Command(argv, options.workdir, *limits, options.secrets())
    try:
        return channel.run(command, b"")
    except channel.NeverStartedError as error:
        raise ScriptError(f"{name} could not be started: {error}") from None
    except channel.TimedOutError:
        text = f"{name} did not end within {options.timeout_s} s and was killed"
        raise ScriptError(f"{text}; it may go on there") from None
    except channel.TooLongError:
        raise ScriptError(f"{name} printed more than max_reply_bytes") from None
