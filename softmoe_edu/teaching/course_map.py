"""`course_map`: where a lesson stands in the course, which ones are done, and which are still to come."""

import html
from dataclasses import dataclass

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.discovery import asked, exercises, lessons, plan
from softmoe_edu.teaching.lesson import Arc, Planned, lesson_name
from softmoe_edu.teaching.say import fitting

HERE, DONE, OPEN, COMING = "here", "done", "open", "to come"
WORDS = {HERE: "you are here", DONE: "done", OPEN: "", COMING: "to come"}
MARKS = {HERE: "▶", DONE: "✓", OPEN: "○", COMING: "·"}
ACCENT, LINE = "#0a8f7e", "#7b8494"  # 3:1 on light and on dark pages
# A lesson's circle: a heavy line is here, a full one exists, a broken one is to come.
RINGS = {
    HERE: f"3px solid {ACCENT}",
    DONE: f"2px solid {ACCENT}",
    OPEN: f"2px solid {LINE}",
    COMING: f"2px dashed {LINE}",
}
CURRENT = " aria-current='step'"


@dataclass(frozen=True)
class Station:
    """A lesson on the map. state: "here", "done", "open" (not done yet) or "to come"."""

    number: str
    title: str
    about: str
    state: str
    done: bool


class CourseMap:
    """The lessons in their arcs, as text and as HTML; `arcs` has for each its title, its subject and its stations."""

    def __init__(self, lesson: str, arcs: list[tuple[str, str, list[Station]]]) -> None:
        self.lesson, self.arcs = lesson, arcs

    @property
    def _head(self) -> str:
        stations = [station for *_, arc in self.arcs for station in arc]
        done = sum(station.done for station in stations)
        return f"Lesson {self.lesson} in the course: {done} of {len(stations)} lessons done"

    def __repr__(self) -> str:
        lines = [self._head]
        for title, about, stations in self.arcs:
            lines.append(f"{title}: {about}" if about else title)
            lines += [f"  {MARKS[each.state]} {_in_words(each)}" for each in stations]
        return fitting("\n".join(lines))

    def _repr_html_(self) -> str:
        # Styles stand on each element: JupyterLab takes style sheets out of what it does not trust.
        arcs = "".join(_arc(*arc) for arc in self.arcs)
        return (
            f"<section role='region' aria-label='{html.escape(self._head, quote=True)}' style='max-width:80em;"
            "line-height:1.35;color:var(--jp-ui-font-color1, inherit)'><div style='display:grid;gap:.6em 1.6em;"
            f"grid-template-columns:repeat(auto-fit,minmax(min(17em,100%),1fr))'>{arcs}</div></section>"
        )


def course_map(lesson: str | int) -> CourseMap:
    """Show where a lesson stands in the course.

    A lesson is done when all its essential exercises have passed in this workspace; one without exercises, when all
    its predictions are locked.

    Args:
        lesson: The lesson that is read, such as "03".

    Returns:
        The map, which a notebook shows as a picture, and a terminal as text.

    Raises:
        ValueError: If there is no such lesson, neither in the course nor in its plan.
    """
    here, known = lesson_name(lesson), lessons()
    done = _done()
    planned = {each.number for arc in plan() for each in arc.lessons}
    more = tuple(Planned(number, each.title, "") for number, each in known.items() if number not in planned)
    if here not in planned | known.keys():
        raise ValueError(f"there is no lesson {here!r}: choose among {', '.join(sorted(planned | known.keys()))}")

    def station(each: Planned) -> Station:
        number = each.number
        is_done, exists = number in done, number in known
        state = HERE if number == here else DONE if is_done else OPEN if exists else COMING
        return Station(number, known[number].title if exists else each.title, each.about, state, is_done)

    arcs = [*plan(), *([Arc("More lessons", "", more)] if more else [])]
    return CourseMap(here, [(arc.title, arc.about, [station(each) for each in arc.lessons]) for arc in arcs])


def _done() -> set[str]:
    """Return the numbers of the lessons that are done."""
    passed = {event["id"] for event in progress.events("check") if event.get("status") == "passed"}
    locked = {event["id"] for event in progress.events("prediction")}
    needed: dict[str, set[str]] = {}
    for exercise in exercises().values():
        if exercise.essential:
            needed.setdefault(exercise.lesson, set()).add(exercise.id)
    questions: dict[str, set[str]] = {}
    for question in asked():
        if question.lesson not in needed:
            questions.setdefault(question.lesson, set()).add(question.id)
    return {n for n, ids in needed.items() if ids <= passed} | {n for n, ids in questions.items() if ids <= locked}


def _in_words(station: Station) -> str:
    state = f" ({label})" if (label := _label(station)) else ""
    return f"{station.number} {station.title}{state}. {station.about}".rstrip()


def _label(station: Station) -> str:
    return f"{WORDS[HERE]}, {WORDS[DONE]}" if station.done and station.state == HERE else WORDS[station.state]


def _arc(title: str, about: str, stations: list[Station]) -> str:
    said = f"<br>{html.escape(about)}" if about else ""
    rows = "".join(_row(station, last=station is stations[-1]) for station in stations)
    return (
        f"<div style='min-width:0'><p style='margin:0 0 .5em 0'><strong>{html.escape(title)}</strong>{said}</p>"
        f"<ol style='list-style:none;margin:0;padding:0'>{rows}</ol></div>"
    )


def _row(station: Station, last: bool) -> str:
    """Return one lesson: its circle, the line to the next one, and its words."""
    here, coming = station.state == HERE, station.state == COMING
    mark = MARKS[HERE] if here else MARKS[DONE] if station.done else ""
    line = "" if last else f"<span style='flex:1;border-left:2px solid {LINE}'></span>"
    pill = "" if coming else ";border:1px solid currentColor;border-radius:1em;padding:0 .5em"
    label = _label(station)
    if label:
        text = f"({label})" if coming else label
        label = f" <em style='font-style:normal;white-space:nowrap;font-size:.85em{pill}'>{text}</em>"
    box = "padding:.15em .6em .25em .6em"  # as much as the border takes is added where there is none
    if here:
        box += f";border:2px solid {ACCENT};background:color-mix(in srgb, {ACCENT} 12%, transparent)"
    else:
        box += ";margin:2px 2px calc(.4em + 2px) 2px"
    title = html.escape(f"{station.number} {station.title}")
    return (
        f"<li{CURRENT if here else ''} style='display:flex;gap:.3em;margin:0;padding:0'>"
        "<span aria-hidden='true' style='display:flex;flex-direction:column;align-items:center;flex:none'>"
        f"<span style='border:{RINGS[station.state]};border-radius:50%;width:1.7em;height:1.7em;display:flex;"
        f"align-items:center;justify-content:center;box-sizing:border-box;font-weight:700'>{mark}</span>{line}</span>"
        f"<div style='flex:1;min-width:0;margin:0 0 .4em 0;border-radius:4px;{box}'>"
        f"<span style='font-weight:{400 if coming else 700}'>{title}</span>{label}"
        f"<div style='font-size:.95em'>{html.escape(station.about)}</div></div></li>"
    )
