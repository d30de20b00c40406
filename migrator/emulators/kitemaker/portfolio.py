"""What a token does above the spaces: initiatives, roadmaps, feedback with its people and insights, code reviews."""

from collections.abc import Iterable, Mapping
from typing import Any

from migrator.emulators.kitemaker.assumptions import INSIGHT_WHERE_LINKED, NULL_CLEARS, PERSON_BY_EMAIL
from migrator.emulators.kitemaker.problems import wrong
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.kitemaker.things import (
    CodeReviewRequest,
    Company,
    Feedback,
    Initiative,
    Insight,
    Person,
    Roadmap,
    RoadmapColumn,
)

Given = Mapping[str, Any]
"""What was sent, in snake case: a key that is not there was not sent."""


class Portfolio:
    """Writes for the whole organization. All is looked up before anything changes."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.org = sight.org
        self.actor = sight.token.actor

    # initiatives

    def create_initiative(self, given: Given) -> Initiative:
        """A new initiative, in the roadmap columns that are named."""
        sight, org = self.sight, self.org
        columns = sight.named(org.columns, given.get("roadmap_column_ids") or (), "roadmap column")
        made = Initiative(
            number=1 + max((each.number for each in org.initiatives.values()), default=0),
            title=_title(given),
            color=given.get("color") or org.color(),
            actor=self.actor,
            description=org.rendered(given.get("description") or ""),
            work_items=[sight.work_item(id_) for id_ in dict.fromkeys(given.get("work_item_ids") or ())],
            members=sight.named(org.users, given.get("member_ids") or (), "user"),
            labels=sight.labels(given.get("label_ids") or ()),
            spaces=[sight.space(id_) for id_ in dict.fromkeys(given.get("space_ids") or ())],
            effort=self._level(given.get("effort_id")),
            impact=self._level(given.get("impact_id")),
            archived_at=given.get("archived_at"),
            **org.born(given.get("created_at"), given.get("updated_at")),
        )
        org.initiatives[made.id] = made
        for column in columns:
            column.initiatives.append(made)
        return made

    def edit_initiative(self, given: Given) -> Initiative:
        """Change what is given; members, labels and work items by what is to come and to go."""
        sight, org = self.sight, self.org
        found = sight.initiative(given["id"])
        changes: dict[str, Any] = {name: given[name] for name in ("title", "color") if given.get(name) is not None}
        if changes.get("title") == "":
            raise wrong("title is empty")
        if "description" in given:
            changes["description"] = org.rendered(given["description"] or "")
        for name in ("effort", "impact"):
            if f"{name}_id" in given and (given[f"{name}_id"] or NULL_CLEARS):
                changes[name] = self._level(given[f"{name}_id"])
        for held, singular, look in (
            ("members", "member", lambda ids: sight.named(org.users, ids, "user")),
            ("labels", "label", sight.labels),
            ("work_items", "work_item", lambda ids: [sight.work_item(id_) for id_ in dict.fromkeys(ids)]),
        ):
            add, gone = (look(given.get(f"{verb}_{singular}_ids") or ()) for verb in ("add", "remove"))
            changes[held] = _after(getattr(found, held), add, gone)
        for name, value in changes.items():
            setattr(found, name, value)
        found.updated_at = org.now()
        return found

    def place_initiatives(self, given: Given, *, add: bool) -> Roadmap:
        """Add initiatives to a column of a roadmap, or take them out."""
        (column,) = self.sight.named(self.org.columns, [given["column_id"]], "roadmap column")
        named = [self.sight.initiative(id_) for id_ in given["initiative_ids"]]
        column.initiatives = _after(column.initiatives, named if add else (), () if add else named)
        return column.roadmap

    def columns_of(self, initiative: Initiative) -> list[RoadmapColumn]:
        """Where an initiative stands."""
        return [column for column in self.org.columns.values() if initiative in column.initiatives]

    def _level(self, id_: str | None) -> str | None:
        return None if not id_ else self.sight.named(self.org.levels, [id_], "level")[0].name

    # feedback

    def create_feedback(self, given: Given) -> Feedback:
        """New feedback, with an insight on the entities that are named."""
        sight, org = self.sight, self.org
        entities = [sight.entity(id_) for id_ in dict.fromkeys(given.get("link_insight_to_entity_ids") or ())]
        made = Feedback(
            number=1 + max((each.number for each in org.feedback.values()), default=0),
            title=_title(given),
            actor=self.actor,
            content=org.rendered(given.get("content") or ""),
            owners=sight.named(org.users, given.get("owner_ids") or (), "user"),
            tags=sight.labels(given.get("tag_ids") or ()),
            processed_at=org.now() if given.get("processed") else None,
            **self._people(given),
            **org.born(given.get("created_at"), given.get("updated_at")),
        )
        org.feedback[made.id] = made
        if entities or not INSIGHT_WHERE_LINKED:
            about: dict[str, Any] = {"content": made.content, "feedback_id": made.id, "entities": entities}
            insight = Insight(actor=self.actor, **about, **org.born())
            made.insights.append(insight)
            org.insights[insight.id] = insight
        return made

    def edit_feedback(self, given: Given) -> Feedback:
        """Change what is given."""
        found = self.sight.feedback(given["id"])
        changes: dict[str, Any] = self._people(given)
        if given.get("title") is not None:
            changes["title"] = _title(given)
        if "content" in given:
            changes["content"] = self.org.rendered(given["content"] or "")
        if given.get("processed") is not None and given["processed"] is not found.processed:
            changes["processed_at"] = self.org.now() if given["processed"] else None
        for name, value in changes.items():
            setattr(found, name, value)
        found.updated_at = self.org.now()
        return found

    def change_feedback(self, given: Given, ids: str, held: str, *, add: bool) -> Feedback:
        """Add or remove owners or tags."""
        found = self.sight.feedback(given["id"])
        look = self.sight.labels(given[ids]) if held == "tags" else self._users(given[ids])
        setattr(found, held, _after(getattr(found, held), look if add else (), () if add else look))
        found.updated_at = self.org.now()
        return found

    def change_insight(self, given: Given, *, add: bool) -> Insight:
        """Link an insight to entities, or unlink it."""
        (insight,) = self.sight.named(self.org.insights, [given["id"]], "insight")
        named = [self.sight.entity(id_) for id_ in given["entity_ids"]]
        insight.entities = _after(insight.entities, named if add else (), () if add else named)
        insight.updated_at = self.org.now()
        return insight

    def _users(self, ids: Iterable[str]) -> list[Any]:
        return self.sight.named(self.org.users, ids, "user")

    def _people(self, given: Given) -> dict[str, Any]:
        """Person and company of a feedback, where they are given."""
        found: dict[str, Any] = {}
        if "person_id" in given:
            found["person"] = self._one(self.org.persons, given["person_id"], "person")
        if given.get("person_email"):
            found["person"] = self._person_with(given["person_email"])
        if "company_id" in given:
            found["company"] = self._one(self.org.companies, given["company_id"], "company")
        return found

    def _one(self, held: Mapping[str, Any], id_: str | None, what: str) -> Any:
        return None if id_ is None else self.sight.named(held, [id_], what)[0]

    def _person_with(self, email: str) -> Person:
        for person in self.org.persons.values():
            if PERSON_BY_EMAIL and (person.email or "").casefold() == email.casefold():
                return person
        return self.create_person({"name": email, "email": email})

    # people who give feedback, and where they work

    def create_person(self, given: Given) -> Person:
        """A new person."""
        company = self._one(self.org.companies, given.get("company_id"), "company")
        made = Person(name=_name(given), email=given.get("email"), company=company, **self.org.born())
        self.org.persons[made.id] = made
        return made

    def edit_person(self, given: Given) -> Person:
        """Change what is given."""
        (person,) = self.sight.named(self.org.persons, [given["id"]], "person")
        if "company_id" in given:
            person.company = self._one(self.org.companies, given["company_id"], "company")
        person.name = given.get("name") or person.name
        person.email = given.get("email", person.email)
        person.updated_at = self.org.now()
        return person

    def create_company(self, given: Given) -> Company:
        """A new company."""
        domain, avatar = given.get("domain"), given.get("avatar")
        made = Company(name=_name(given), domain=domain, avatar=avatar, **self.org.born())
        self.org.companies[made.id] = made
        return made

    def edit_company(self, given: Given) -> Company:
        """Change what is given."""
        (company,) = self.sight.named(self.org.companies, [given["id"]], "company")
        company.name = given.get("name") or company.name
        company.domain = given.get("domain", company.domain)
        company.avatar = given.get("avatar", company.avatar)
        company.updated_at = self.org.now()
        return company

    # code reviews

    def review_at(self, url: str) -> CodeReviewRequest:
        """By the address of the code review."""
        held = {review.details["url"]: review for review in self.org.reviews.values()}
        return self.sight.named(held, [url], "code review request")[0]

    def edit_review(self, given: Given) -> CodeReviewRequest:
        """Other links beside it."""
        (review,) = self.sight.named(self.org.reviews, [given["id"]], "code review request")
        if given.get("links") is not None:
            review.links = [dict(link) for link in given["links"]]
        return review


def _after(held: list[Any], add: Iterable[Any], gone: Iterable[Any]) -> list[Any]:
    out = list(gone)
    return [thing for thing in dict.fromkeys([*held, *add]) if thing not in out]


def _title(given: Given) -> str:
    title: str = given.get("title") or ""
    if not title.strip():
        raise wrong("title is required")
    return title


def _name(given: Given) -> str:
    name: str = given.get("name") or ""
    if not name.strip():
        raise wrong("name is required")
    return name
