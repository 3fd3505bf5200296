"""The command line: parse, call one experiment, print."""


def main() -> None:
    """Run `rnnlab` with the arguments of this process and exit with its code."""
    import os
    import sys
    import warnings

    # pydantic would read the lists of all installed packages for plug-ins of its own, and fail with any damaged one.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What libraries warn their programmers of means nothing to a user; runs keep it in their logs.
    warnings.showwarning = lambda *_details, **_more: None
    try:
        from rnnlab.cli import interrupts

        interrupts.install()
    except KeyboardInterrupt:
        os._exit(130)
    try:
        from rnnlab.cli.app import run
    except OSError as error:  # no descriptor left for the file of a module
        print(f"error: rnnlab cannot be loaded: {error.strerror}: {error.filename}", file=sys.stderr)
        interrupts.leave(2)
    interrupts.leave(run(sys.argv[1:]))
