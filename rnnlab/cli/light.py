"""Text, flags and parsed paths of a command line without pydantic, which Typer imports to check any of them."""

from typing import Any

AS_TEXT = (str, bool, list[str])


class Light:
    """Put before `TyperCommand` or `TyperGroup`: values that are what they should be already are taken as they stand.

    Help, completion and listings need no more than these; pydantic alone takes longer than all else that they do.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters; those of text, flags and own parsers convert their values by themselves."""
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            descriptor = getattr(param, "type_descriptor", None)
            if descriptor is None or "get_runtime_param" in vars(param):
                continue
            info = descriptor.parameter_info
            if getattr(info, "parser", None) is not None or descriptor.annotation in AS_TEXT:
                param.get_runtime_param = _Light(param).given
        return params


class _Light:
    """In place of what Typer converts the values of one parameter with."""

    def __init__(self, param: Any) -> None:
        self._typers = param.get_runtime_param
        self._parser = getattr(param.type_descriptor.parameter_info, "parser", None)
        self._is_list = param.type_descriptor.is_list

    def given(self) -> "_Light":
        return self

    def coerce(self, value: Any, **context: Any) -> Any:
        """Convert a value; where that fails, Typer says why."""
        if value is None:
            return () if self._is_list else None
        try:
            if self._is_list:
                return list(value)
            return self._parser(value) if self._parser else value
        except ValueError:
            return self._typers().coerce(value, **context)
