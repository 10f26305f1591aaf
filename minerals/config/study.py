"""[study] of a run file: many runs of one. Each kind has its own keys; a key of another kind is refused."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from .values import Section, Whole


class DrawnStudy(Section):
    """Keys of the kinds that draw uncertain inputs."""

    draws: Whole = Field(default=2000, ge=20, le=10_000_000, description="How many draws, or rows of each design.")
    seed: Whole = Field(default=1, ge=0, description="Of the random numbers.")
    workers: Whole = Field(default=1, ge=1, le=256, description="Processes, which never change the result.")
    share_spread: float = Field(
        default=0.5, ge=0.0, le=2.0,
        description="Standard deviation of the log-odds of market shares whose rows give no low and high, ten years "
        "after the last observed year; 0 holds all market shares.",
    )  # fmt: skip


class Sample(DrawnStudy):
    """Draws every uncertain input, and gives percentiles."""

    kind: Literal["sample"] = Field(description="Kind of the study.")
    detail: Literal["region", "total"] = Field(
        default="region",
        description="Percentiles of every region and their sum, or of the sum alone, which takes less memory and disk.",
    )


class Sensitivity(DrawnStudy):
    """Says which uncertain input matters: one at a time, and by Sobol indices."""

    kind: Literal["sensitivity"] = Field(description="Kind of the study.")


#: A study, by its kind.
Study = Annotated[Sample | Sensitivity, Field(discriminator="kind")]
#: Section of each kind: the members of the union above.
KINDS: dict[str, type[Section]] = {
    kind: section
    for section in get_args(get_args(Study)[0])
    for kind in get_args(section.model_fields["kind"].annotation)
}
