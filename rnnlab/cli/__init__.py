"""The command line: parse, call one experiment, print."""


def main() -> None:
    """Run `rnnlab` with the arguments of this process and exit with its code."""
    import os
    import sys
    import warnings

    # What libraries warn their programmers of means nothing to a user; runs keep it in their logs.
    warnings.showwarning = lambda *details, **more: None
    try:
        from rnnlab.cli import interrupts

        interrupts.install()
    except KeyboardInterrupt:
        os._exit(130)
    from rnnlab.cli.app import run

    interrupts.leave(run(sys.argv[1:]))
