"""Making a presentation for a meeting: copied, shared, and its link posted; or none of it."""

from labtool.core.errors import Failed, LabtoolError
from labtool.core.task import Run
from labtool.services.build import Services
from labtool.services.presentations import Presentations, SharedFile
from labtool.tasks.remind.plan import Planned, SlidesRequest


def make_slides(run: Run, services: Services, item: Planned) -> bool:
    """Copy, share and post, once per meeting; whether all of it was done.

    If a part fails, what was made is removed again and the admins hear at once: the slides
    are needed the next morning. A post of which nobody knows whether it arrived keeps its
    slides, and they hear of it. A run that was killed is taken up where it was: the copy is
    found by its key.
    """
    slides = item.slides
    assert slides is not None
    if run.outbox.accepted(item.message.key):
        return True
    # With `lab.dry_run` the lab must not find a copy that is shared with it.
    if run.dry_run or run.config.core.lab.dry_run:
        run.outbox.add(slides.with_link(item.message, "the link, once the copy is made"))
        return True
    made: SharedFile | None = None
    try:
        folder = slides.folder if slides.drive else slides.folder_path
        place = services.presentations(folder, drive=slides.drive)
        made = place.copy(slides.template, slides.title, slides.key)
        place.share(made.id, _emails(services, slides))
        _post(run, item, slides, made)
    except LabtoolError as error:
        if made:
            _remove(run, place, made)
        run.fail(_urgent(error, slides))
        return False
    run.counts["with slides"] += 1
    return True


def _emails(services: Services, slides: SlidesRequest) -> list[str]:
    found = (services.people.get(key) for key in slides.share)
    return [person.email for person in found if person and person.email]


def _post(run: Run, item: Planned, slides: SlidesRequest, made: SharedFile) -> None:
    """Post the link now. Raises Failed when it was certainly not posted."""
    message = slides.with_link(item.message, made.link)
    if not run.outbox.add(message):
        return
    counts = run.counts.copy()
    errors = run.send(lambda waiting: waiting.key.startswith(message.key))
    state = run.outbox.state(message.key)
    if state == "sent":
        for error in errors:  # of a channel that was tried first
            run.fail(error)
        return
    entry = run.outbox.error(message.key)
    reasons = entry or "; ".join(str(error) for error in errors)
    if state in ("waiting", "failed"):
        run.outbox.discard(message.key)
        run.counts = counts
        raise Failed(f"the link could not be posted: {reasons}", code="not_posted")
    what = f"whether the link {made.link} was posted is not known: {reasons}"
    fix = "look into the channel; the next run asks again"
    run.fail(Failed(what, where=slides.key, fix=fix, code="slides_unknown"))


def _remove(run: Run, place: Presentations, made: SharedFile) -> None:
    try:
        place.delete(made.id)
    except LabtoolError as error:
        what = f"the copy {made.link} could not be removed: {error}"
        # What people have worked on since is not to be removed by hand either.
        fix = "" if error.code == "not_ours" else "remove it by hand"
        run.fail(Failed(what, fix=fix, code="left_over"))


def _urgent(error: LabtoolError, slides: SlidesRequest) -> Failed:
    """The error as one that is not waited out, even where its cause is temporary."""
    return Failed(
        f"the presentation {slides.title!r} was not made: {error}",
        where=slides.key,
        fix="make one by hand, or run labtool remind flash-slides again",
        code="slides",
    )
