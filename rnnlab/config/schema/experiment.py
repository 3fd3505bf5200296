"""A whole config: name, seeds, data, model and training, with what depends on several of them worked out."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from rnnlab.config.schema.data import Data
from rnnlab.config.schema.evaluation import Evaluation
from rnnlab.config.schema.model import Model
from rnnlab.config.schema.rules import conflicts
from rnnlab.config.schema.section import Section, Text, is_whole, key, refuse, section
from rnnlab.config.schema.training import CrossEntropyLoss, HalfSquaredErrorLoss, TrainingSection

MOST_SEEDS = 1_000_000
# As many as fit a config file, whatever their digits.
MOST_LISTED = 10_000
ENDLESS_UPDATES = 10_000
EPOCHS = 300  # where the config gives neither epochs nor updates
SEEDS = f"a number of models from 1 to {MOST_SEEDS}, or a list of distinct seeds of at least 0"
LATEST = "latest"
NAME = "1 to 64 letters, digits and . _ -, with a letter or digit first"


def _read_seeds(value: Any) -> list[int]:
    """Turn N into [0, ..., N-1] and check a list."""
    if is_whole(value) and 1 <= value <= MOST_SEEDS:
        return list(range(value))
    if not isinstance(value, list | tuple) or not value:
        raise refuse(SEEDS)
    if len(value) > MOST_LISTED:
        raise refuse(f"a list of at most {MOST_LISTED} seeds")
    if not all(is_whole(seed) and seed >= 0 for seed in value):
        large = any(isinstance(seed, int) and seed >= 2**63 for seed in value)
        raise refuse(SEEDS + (" and below 2^63" if large else ""))
    if len(set(value)) < len(value):
        twice = next(seed for seed in value if value.count(seed) > 1)
        raise refuse(f"a list of distinct seeds ({twice} is there more than once)")
    return list(value)


Seeds = Annotated[
    list[int],
    PlainValidator(_read_seeds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "exclusiveMaximum": 2**63},
                    "minItems": 1,
                    "maxItems": MOST_LISTED,
                    "uniqueItems": True,
                },
            ]
        }
    ),
]


def _check_name(value: Any) -> Any:
    name = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if not re.fullmatch(r"[^\W_][\w.-]{0,63}", name):
        raise refuse(NAME)
    if name == LATEST:
        raise refuse(f"a word other than {LATEST}, which stands for the newest run")
    return name


class Config(Section):
    """A config that can be trained: checked, complete and immutable."""

    name: Annotated[Text, BeforeValidator(_check_name), WithJsonSchema({"type": "string", "minLength": 1})] = key(
        "run", "name of the run; part of the run folder's name", must=NAME, shown_default="the config file's name"
    )
    seeds: Seeds = key(1, "number of models to train, or their seeds; 5 means seeds 0 to 4", must=SEEDS,
                       shown_default="1", validate_default=True)  # fmt: skip
    data: Data = key(..., "training data and task", example={"kind": "prices", "symbol": "AAPL"})
    model: Model = section(Model, "the network")
    training: TrainingSection = section(TrainingSection, "loss, optimizer and length of the training")
    evaluation: Evaluation | None = key(
        None,
        "how the test rows of a series are forecast, and which intervals are tested; null trains once and tests none",
        example={"kind": "rolling", "folds": 10},
    )

    @model_validator(mode="after")
    def _complete(self) -> "Config":
        """Refuse keys that contradict each other, then fill in what other keys decide."""
        found = conflicts(self)
        if found:
            raise PydanticCustomError("conflicts", "{text}", {"text": found[0].message, "conflicts": found})
        # A frozen section is replaced, never changed: others may hold the old one.
        object.__setattr__(self, "data", self.data.model_copy(update=self.data.left_out()))
        model = {"readout": self.model.readout or self.data.readouts[0]}
        object.__setattr__(self, "model", self.model.model_copy(update=model))
        object.__setattr__(self, "training", self.training.model_copy(update=_training_defaults(self)))
        return self


def _training_defaults(config: Config) -> dict[str, Any]:
    """Work out the keys of `training` that were left out and depend on others."""
    training, data = config.training, config.data
    chosen: dict[str, Any] = {}
    if training.loss is None:
        chosen["loss"] = CrossEntropyLoss() if data.targets == "classes" else HalfSquaredErrorLoss()
    if training.batch_size is None:
        chosen["batch_size"] = 1 if training.stateful else data.batch_size
    if training.epochs is None and training.updates is None:
        chosen |= {"updates": ENDLESS_UPDATES} if data.endless else {"epochs": EPOCHS}
    if training.shuffle is None:
        chosen["shuffle"] = not (training.stateful or data.endless)
    return chosen
