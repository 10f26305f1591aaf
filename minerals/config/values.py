"""Kinds of values that a run file holds, and what is refused of each."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag

from ..haste import value_class
from ..text import LONGEST_NOTE, plain, plain_name, shown, unprintable
from ..toml import ESCAPE

#: Ends of weights, between which a solver still tells them apart.
LEAST_WEIGHT, MOST_WEIGHT = 1e-6, 1e6


@value_class
class Unit:
    """Unit of a number of a run file, as an annotation of its type; "1" of a share or a ratio."""

    name: str


class Section(BaseModel):
    """A table of a run file. Values are what they are written as: true is no 1, "off" is no false, and a number is
    finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


def whole(value: Any) -> Any:
    """A whole number that is written with a dot or an exponent, as 2030.0 or 1e4, is one, up to where a number with a
    dot no longer holds every digit."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _path(text: str) -> str:
    """A path as the system takes it, from the end of a file name to that of a long path."""
    if unprintable(text):
        raise ValueError(f"holds {unprintable(text)}, which no path has; {ESCAPE}")
    return plain(text, 4_000)


def _note(text: str) -> str:
    return plain(text, LONGEST_NOTE)


def once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values of a list, of which none stands twice."""
    if twice := [value for at, value in enumerate(values) if value in values[:at]]:
        raise ValueError(f"names {shown(twice[0])} twice; name it once")
    return values


def at_most(limit: float, why: str) -> AfterValidator:
    """No number above a limit, with the reason."""

    def check(value: float | None) -> float | None:
        if value is not None and value > limit:
            raise ValueError(f"expected at most {limit:,.10g}; {why}")
        return value

    return AfterValidator(check)


def _weight(value: float) -> float:
    """A weight among others, which are compared with each other only."""
    if value and not LEAST_WEIGHT <= value <= MOST_WEIGHT:
        ends = f"from {LEAST_WEIGHT:f} to {MOST_WEIGHT:,.0f}"
        raise ValueError(f"expected 0, or a number {ends}: only how weights compare with each other counts")
    return value


def fraction(value: float) -> float:
    """A share of one."""
    if value > 1:
        raise ValueError(not_a_fraction(value))
    return value


def not_a_fraction(value: float) -> str:
    """What to say of a share above one."""
    if value > 100:
        return "expected a fraction from 0 to 1"
    return f"shares are fractions from 0 to 1 and this looks like a percentage; write {value / 100:g}"


def is_year(text: str) -> bool:
    """Whether a key is a year, from 1900 to 2199."""
    return bool(re.fullmatch(r"(19|20|21)[0-9]{2}", text))


def one_as_list(value: Any) -> Any:
    """A text alone as a list of one."""
    return (value,) if isinstance(value, str) else value


def _one_path_as_list(value: Any) -> Any:
    """A text alone as a list of one; an empty one names none."""
    return () if value == "" else one_as_list(value)


def _number_or_table(value: Any) -> str:
    """Which of the two a value is taken for; what is neither is no number."""
    return TABLE if isinstance(value, dict) else NUMBER


#: How pydantic marks what it takes a value for that may be a number or a table.
NUMBER, TABLE = "(number)", "(table)"
#: A text that can be shown.
Text = Annotated[str, AfterValidator(plain)]
#: A list of texts, none of them twice, which a record reads back from JSON.
Texts = Annotated[tuple[Text, ...], Strict(False), AfterValidator(once)]
#: The same, where a text alone is a list of one.
TextOrTexts = Annotated[Texts, BeforeValidator(one_as_list)]
#: Name of a scenario.
ScenarioName = Annotated[str, AfterValidator(plain_name)]
#: A path.
FilePath = Annotated[str, AfterValidator(_path)]
#: A list of paths, none of them twice; a path alone is a list of one, and '' of none.
Paths = Annotated[tuple[FilePath, ...], Strict(False), BeforeValidator(_one_path_as_list), AfterValidator(once)]
#: A longer text in the author's words.
Note = Annotated[str, AfterValidator(_note)]
#: A whole number.
Whole = Annotated[int, BeforeValidator(whole)]
#: A calendar year.
Year = Annotated[Whole, Field(ge=1990, le=2100), Unit("year")]
#: A list of calendar years, none of them twice, which a record reads back from JSON.
YearList = Annotated[tuple[Year, ...], Strict(False), AfterValidator(once), Unit("year")]
#: A weight among others, of which only the ratios count.
Weight = Annotated[float, Field(ge=0), AfterValidator(_weight), Unit("1")]
#: A rate of duty, as a share of a value; or by code of a country or of a group of countries.
_Rate = Annotated[float, Field(ge=0.0, le=10.0), Unit("1")]
Tariff = Annotated[
    Annotated[_Rate, Tag(NUMBER)] | Annotated[dict[str, _Rate], Tag(TABLE)], Discriminator(_number_or_table)
]
#: A share from 0 to 1.
Share = Annotated[float, Field(ge=0), AfterValidator(fraction), Unit("1")]
