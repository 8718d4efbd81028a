"""Lives of backups drawn from a seed: failures, drills, wrong clocks, upgrades, and prunes in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from platformctl.config.schema import Keep
from platformctl.operations.retention import Made
from tests.retention.promises import after, check, check_newest

DAY = 86400.0
TEN_YEARS = 3650 * DAY
START = 1_800_000_000.0
LONGEST = 60  # events of a life
EVENTS = {"backup": 60, "prune": 14, "prune meanwhile": 8, "drill": 12, "wrong clock": 4, "upgrade": 2}


@dataclass
class Life:
    """`history` is that of the present database cluster, the newest first; an upgrade begins another."""

    random: Random
    keep: Keep
    at: float = START
    skew: float = 0.0
    history: list[Made] = field(default_factory=list)
    former: list[list[Made]] = field(default_factory=list)
    made: int = 0
    deleted: int = 0

    def back_up(self) -> None:
        """Sometimes in the same second as the last, sometimes months later; the clock may be set again."""
        draw = self.random
        self.at += draw.choice((0.0, 3600.0, DAY, DAY, DAY, 30 * DAY)) * draw.uniform(0.9, 1.1)
        if draw.random() < 0.3:
            self.skew = 0.0
        self.history.insert(0, Made(f"b{self.made}", self.at + self.skew, good=draw.random() < 0.8))
        self.made += 1

    def prune(self, meanwhile: int = 0) -> None:
        """`meanwhile` backups are made by another run between the plan and the deletion."""
        for number, history in enumerate(self.former):
            self.former[number] = self._pruned(history)
        gone = {each.id for each in self.history} - {each.id for each in after(self.history, self.keep)}
        for _ in range(meanwhile):
            self.back_up()
        check_newest(self.history, {each.id for each in self.history} - gone, self.keep)
        self.history = [each for each in self.history if each.id not in gone]
        self.deleted += len(gone)

    def _pruned(self, history: list[Made]) -> list[Made]:
        left = after(history, self.keep)
        check_newest(history, {each.id for each in left}, self.keep)
        self.deleted += len(history) - len(left)
        return left

    def drill(self) -> None:
        """Of one of the newest; a failed one makes it suspect."""
        if self.history:
            place = min(int(self.random.expovariate(1.0)), len(self.history) - 1)
            found, passes = self.history[place], self.random.random() < 0.7
            good = found.good and passes
            self.history[place] = replace(found, good=good, proven=good)

    def happen(self, event: str) -> None:
        match event:
            case "backup":
                self.back_up()
            case "prune":
                self.prune()
            case "prune meanwhile":
                self.prune(self.random.randint(1, 3))
            case "drill":
                self.drill()
            case "wrong clock":
                self.skew = self.random.uniform(-TEN_YEARS, TEN_YEARS)
            case _:
                self.former.append(self.history)
                self.history = []


def live(seed: int, number: int) -> Life:
    """Raises AssertionError when a promise is broken, be it on the way or at the end."""
    draw = Random(f"{seed}/{number}")
    keep = Keep(
        last=draw.randint(2, 6),
        daily=draw.randint(0, 9),
        weekly=draw.randint(0, 6),
        monthly=draw.randint(0, 9),
    )
    life = Life(draw, keep)
    for event in draw.choices(list(EVENTS), list(EVENTS.values()), k=draw.randint(1, LONGEST)):
        life.happen(event)
    for history in (life.history, *life.former):
        check(history, keep)
    return life
