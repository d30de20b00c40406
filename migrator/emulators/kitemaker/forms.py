"""How REST shows things: keys and their forms as the manual's samples have them. [seed]"""

from typing import Any

from migrator.emulators.kitemaker.moments import shown
from migrator.emulators.kitemaker.organization import Organization
from migrator.emulators.kitemaker.things import (
    Actor,
    Application,
    Comment,
    Feedback,
    Initiative,
    Insight,
    Integration,
    IntegrationUser,
    Label,
    Thing,
    User,
    WorkItem,
)

Form = dict[str, Any]


def actor(who: Actor) -> Form:
    """Users' names begin with @; of the other two kinds no sample is known."""
    match who:
        case User():
            return {"id": who.id, "name": f"@{who.username}", "type": "user"}
        case Application():
            return {"id": who.id, "name": who.name, "type": "application"}
        case Integration():
            return {"id": who.id, "name": who.type, "type": "integration"}
        case IntegrationUser():
            return {"id": who.id, "name": who.external_name, "type": "integrationUser"}


def _dates(thing: Thing) -> Form:
    return {"createdAt": shown(thing.created_at), "updatedAt": shown(thing.updated_at)}


def _tag(label: Label) -> Form:
    return {"id": label.id, "name": label.name, "color": label.color}


def work_item(item: WorkItem) -> Form:
    """A work item; the space shows its name and not its key."""
    return {
        "id": item.id,
        "actor": actor(item.actor),
        "number": item.number,
        "title": item.title,
        "description": item.description,
        "status": {"id": item.status.id, "name": item.status.name},
        "space": {"id": item.space.id, "name": item.space.name},
        "labels": [_tag(label) for label in item.labels],
        "effort": item.effort,
        "impact": item.impact,
        **_dates(item),
    }


def comment(made: Comment) -> Form:
    """A comment; here `space` is the key."""
    entity = made.entity
    about: Form = {"id": entity.id, "number": entity.number, "title": entity.title}
    if isinstance(entity, WorkItem):
        about |= {"space": entity.space.key, "spaceId": entity.space.id}
    return {
        "id": made.id,
        "body": made.body,
        "actor": actor(made.actor),
        "entity": about,
        "reply": made.reply,
        "threadId": made.thread_id,
        **_dates(made),
    }


def label(made: Label) -> Form:
    """A label by itself names its space."""
    return {**_tag(made), "spaceId": made.space_id}


def organization(org: Organization) -> Form:
    """Who the token belongs to."""
    return {
        "id": org.id,
        "name": org.name,
        "createdAt": shown(org.created_at),
        "updatedAt": shown(org.updated_at),
    }


def row(id_: str, text: str) -> Form:
    """A line of any metadata list."""
    return {"id": id_, "label": text}


def initiative(found: Initiative) -> Form:
    """An initiative."""
    return {
        "id": found.id,
        "number": found.number,
        "title": found.title,
        "description": found.description,
        "actor": actor(found.actor),
        "spaces": [{"id": space.id, "name": space.name} for space in found.spaces],
        "labels": [_tag(each) for each in found.labels],
        "effort": found.effort,
        "impact": found.impact,
        "archivedAt": shown(found.archived_at) if found.archived_at else None,
        **_dates(found),
    }


def feedback(found: Feedback, org: Organization) -> Form:
    """Feedback shows no number, though one is needed to read it. Forms of person and company are [assumption]."""
    person, company = found.person, found.company
    return {
        "id": found.id,
        "organizationId": org.id,
        "title": found.title,
        "person": person and {"id": person.id, "name": person.name, "email": person.email},
        "company": company and {"id": company.id, "name": company.name},
        "contents": found.content,
        "insights": [_insight(each) for each in found.insights],
        "processed": found.processed,
        "processedAt": shown(found.processed_at) if found.processed_at else None,
        **_dates(found),
    }


def _insight(made: Insight) -> Form:
    return {
        "id": made.id,
        "feedbackId": made.feedback_id,
        **_dates(made),
        "actor": actor(made.actor),
        "contents": made.content,
        "entityIds": [entity.id for entity in made.entities],
    }
