"""An example of a third party's plugin: one page, one panel, one column, a permission, a badge, two languages."""

from __future__ import annotations

from hub.sdk import (
    Column,
    ConsolePage,
    HealthReport,
    PageRequest,
    Panel,
    Permission,
    Redirect,
    Rendered,
    Text,
    hookimpl,
)

WORDS = ["vip", "wholesale"]


def show_words(request: PageRequest) -> Rendered | Redirect:
    """The words that count as labels; a form adds one."""
    if request.method == "POST":
        WORDS.append(request.form.get("word", "")[:40])
        return request.redirect("words", request.text(Text("已添加。", "Added.")))
    return request.render("labels/words.html", words=WORDS)


def show_labels(request: PageRequest) -> Rendered:
    """Beside a customer: which of its tags are labels."""
    assert request.subject is not None
    tags = request.subject.data.get("tags") or []
    return request.render("labels/panel.html", found=[tag for tag in tags if tag in WORDS])


@hookimpl
def register_pages() -> list[ConsolePage | Panel | Column]:
    """The page in the group of records, the panel and the column of customers."""
    return [
        ConsolePage(
            "words", Text("标签", "Labels"), show_words, menu="Records", permission="labels.see",
            badge=lambda: 2, methods=("GET", "POST"),
        ),
        Panel("customer", "panel", Text("标签", "Labels"), show_labels),
        Column("customer", "tags", Text("标签数", "Labels"), lambda data: len(data.get("tags") or [])),
    ]  # fmt: skip


@hookimpl
def register_permissions() -> list[Permission]:
    """Who sees the page."""
    return [Permission("labels.see", Text("查看标签", "See labels"), ("operator", "admin"))]


@hookimpl
def check_health() -> HealthReport:
    """Always well."""
    return HealthReport(True, f"{len(WORDS)} words")
