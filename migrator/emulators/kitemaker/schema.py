"""The GraphQL schema: names and nullability as in the vendor's published copy of 2024, put together from tables.

Every mutation takes one argument `input` and answers an object with one field. Inputs and results follow from
MUTATIONS. [client source]
"""

from graphql import GraphQLSchema, build_schema

DATED = "id: ID! createdAt: Date! updatedAt: Date!"
"""What nearly every type has."""

ENUMS = {
    "IntegrationType": "GITHUB FIGMA TRELLO SLACK DISCORD GITLAB ZAPIER INTERCOM SENTRY EMAIL VANTA LINEAR",
    "StatusType": "BACKLOG TODO IN_PROGRESS DONE ARCHIVED",
    "StatusFilterType": "INCLUDE EXCLUDE",
    "CodeReviewRequestState": "OPEN CLOSED MERGED LOCKED",
    "RoadmapColumnStatusType": "PAST PRESENT FUTURE",
    "ActivityType": (
        "CREATED STATUS_CHANGED LABELS_CHANGED IMPACT_CHANGED EFFORT_CHANGED ENTITIES_CHANGED MEMBERS_CHANGED"
        " IMPORTED DUPLICATED_TO DUPLICATED_FROM CREATED_FROM MENTIONED MENTIONED_IN_INTEGRATION HORIZON_CHANGED"
        " CODE_REVIEW_REQUEST_ADDED DEPENDENCY TITLE_CHANGED TODO_CHANGED STALE_ISSUE SPACES_CHANGED ROADMAPS_CHANGED"
    ),
}
"""Name -> words."""

TYPES = {
    "Organization": f"""{DATED} name: String! slug: String! spaces: [Space!]! users: [User!]!
        integrations: [Integration!]! integrationUsers: [IntegrationUser!]! applications: [Application!]!""",
    "Space": f"""{DATED} key: String! name: String! slug: String! private: Boolean! labels: [Label!]!
        statuses: [Status!]! members: [User!]""",
    "Label": f"{DATED} name: String! color: String!",
    "Status": f"{DATED} name: String! type: StatusType! default: Boolean!",
    "User": f"{DATED} username: String! name: String avatar: String guest: Boolean! deactivated: Boolean!",
    "Application": f"{DATED} name: String!",
    "Integration": f"{DATED} type: IntegrationType! domain: String",
    "IntegrationUser": f"{DATED} type: IntegrationType! domain: String externalId: String! externalName: String!",
    "Comment": f"{DATED} actor: Actor! body: String! threadId: String! entity: Entity!",
    "Activity": f"{DATED} type: ActivityType! actor: Actor! details: JSON! entity: Entity!",
    "WorkItem": f"""{DATED} number: String! title: String! actor: Actor! description: String! status: Status!
        sort: String! space: Space! members: [User!]! watchers: [User!]! labels: [Label!]! comments: [Comment!]!
        activities: [Activity!]! initiatives: [Initiative!]! effort: String impact: String closedAt: Date
        archivedAt: Date""",
    "Initiative": f"""{DATED} number: String! title: String! color: String! actor: Actor! description: String!
        workItems: [WorkItem!]! comments: [Comment!]! activities: [Activity!]! watchers: [User!]! members: [User!]!
        labels: [Label!]! spaces: [Space!]! roadmapColumns: [RoadmapColumn!]! effort: String impact: String
        archivedAt: Date""",
    "Feedback": f"""{DATED} number: String! actor: Actor! title: String! content: String! company: Company
        person: Person owners: [User!]! tags: [Label!]! insights: [Insight!]! processed: Boolean!
        processedAt: Date""",
    "Insight": f"{DATED} actor: Actor! content: String! entities: [Entity!]!",
    "Person": f"{DATED} name: String! email: String company: Company externalId: String",
    "Company": f"{DATED} name: String! domain: String",
    "Roadmap": f"{DATED} name: String! color: String! columns: [RoadmapColumn!]!",
    "RoadmapColumn": f"""{DATED} name: String! roadmap: Roadmap! columnType: RoadmapColumnStatusType!
        initiatives: [Initiative!]!""",
    "CodeReviewRequest": f"""{DATED} codeReviewType: IntegrationType! workItems: [WorkItem!]!
        state: CodeReviewRequestState! details: CodeReviewRequestDetails! links: [CodeReviewRequestLink!]!""",
    "CodeReviewRequestDetails": "number: String! url: String! title: String!",
    "CodeReviewRequestLink": "name: String! url: String!",
    "WorkItemsQueryResult": "workItems: [WorkItem!]! cursor: String! hasMore: Boolean!",
    "InitiativesQueryResult": "initiatives: [Initiative!]! cursor: String! hasMore: Boolean!",
    "FeedbackQueryResult": "feedback: [Feedback!]! cursor: String! hasMore: Boolean!",
    "RoadmapsQueryResult": "roadmaps: [Roadmap!]!",
}
"""Name -> fields."""

QUERIES = {
    "organization": ": Organization!",
    "spaceByKey": "(key: String!): Space!",
    "workItems": "(spaceId: ID, cursor: String, count: Int, statusFilter: StatusFilter): WorkItemsQueryResult!",
    "workItem": "(id: ID!): WorkItem!",
    "workItemByNumber": "(number: String!): WorkItem!",
    "initiatives": "(cursor: String, count: Int): InitiativesQueryResult!",
    "initiative": "(id: ID!): Initiative!",
    "initiativeByNumber": "(number: String): Initiative!",
    "roadmaps": ": RoadmapsQueryResult!",
    "feedback": "(cursor: String, count: Int): FeedbackQueryResult!",
    "feedbackById": "(id: ID!): Feedback!",
    "feedbackByNumber": "(number: String): Feedback!",
    "feedbackPersons": ": [Person!]!",
    "feedbackCompanies": ": [Company!]!",
    "comment": "(id: ID!): Comment!",
    "codeReviewRequest": "(url: String!): CodeReviewRequest!",
}
"""Name -> arguments and type."""

_ITEM, _FEEDBACK, _INSIGHT, _ROADMAP = (
    "workItem: WorkItem!",
    "feedback: Feedback!",
    "insight: Insight!",
    "roadmap: Roadmap!",
)
_PLACES = "columnId: ID! initiativeIds: [ID!]!"
_INITIATIVE = "description: String color: String effortId: String impactId: String"

MUTATIONS = {
    "createWorkItem": (
        """title: String! description: String spaceId: ID statusId: ID sort: String memberIds: [ID!]
        watcherIds: [ID!] labelIds: [ID!] effort: String impact: String createdAt: Date updatedAt: Date""",
        _ITEM,
    ),
    "editWorkItem": (
        """id: ID! title: String description: String spaceId: ID statusId: ID sort: String effort: String
        impact: String""",
        _ITEM,
    ),
    "addLabelsToWorkItem": ("id: ID! labelIds: [ID!]!", _ITEM),
    "removeLabelsFromWorkItem": ("id: ID! labelIds: [ID!]!", _ITEM),
    "addMembersToWorkItem": ("id: ID! memberIds: [ID!]!", _ITEM),
    "removeMembersFromWorkItem": ("id: ID! memberIds: [ID!]!", _ITEM),
    "addWatchersToWorkItem": ("id: ID! watcherIds: [ID!]!", _ITEM),
    "removeWatchersFromWorkItem": ("id: ID! watcherIds: [ID!]!", _ITEM),
    "createCommentOnWorkItem": ("id: ID! body: String! threadId: String", "comment: Comment!"),
    "editComment": ("id: ID! body: String", "comment: Comment!"),
    "createLabel": ("spaceId: ID! name: String! color: String", "label: Label!"),
    "createInitiative": (
        f"""title: String! {_INITIATIVE} roadmapColumnIds: [String!] memberIds: [String!] labelIds: [String!]
        workItemIds: [String!] archivedAt: Date createdAt: Date updatedAt: Date""",
        "initiative: Initiative!",
    ),
    "editInitiative": (
        f"""id: ID! title: String {_INITIATIVE} addMemberIds: [String!] removeMemberIds: [String!]
        addLabelIds: [String!] removeLabelIds: [String!] addWorkItemIds: [String!] removeWorkItemIds: [String!]""",
        "initiative: Initiative!",
    ),
    "addInitiativesToRoadmap": (_PLACES, _ROADMAP),
    "removeInitiativesFromRoadmap": (_PLACES, _ROADMAP),
    "createFeedback": (
        """title: String! content: String processed: Boolean companyId: ID personId: ID ownerIds: [ID!]
        tagIds: [ID!] linkInsightToEntityIds: [ID!] createdAt: Date updatedAt: Date""",
        _FEEDBACK,
    ),
    "editFeedback": (
        "id: ID! title: String content: String processed: Boolean companyId: ID personId: ID",
        _FEEDBACK,
    ),
    "addOwnersToFeedback": ("id: ID! ownerIds: [ID!]!", _FEEDBACK),
    "removeOwnersFromFeedback": ("id: ID! ownerIds: [ID!]!", _FEEDBACK),
    "addTagsToFeedback": ("id: ID! tagIds: [ID!]!", _FEEDBACK),
    "removeTagsFromFeedback": ("id: ID! tagIds: [ID!]!", _FEEDBACK),
    "addEntitiesToInsight": ("id: ID! entityIds: [ID!]!", _INSIGHT),
    "removeEntitiesFromInsight": ("id: ID! entityIds: [ID!]!", _INSIGHT),
    "createPerson": ("name: String! email: String companyId: ID", "person: Person!"),
    "editPerson": ("id: ID! name: String email: String companyId: ID", "person: Person!"),
    "createCompany": ("name: String! avatar: String domain: String", "company: Company!"),
    "editCompany": ("id: ID! name: String avatar: String domain: String", "company: Company!"),
    "editCodeReviewRequest": (
        "id: ID! links: [CodeReviewRequestLinkInput!]",
        "codeReviewRequest: CodeReviewRequest!",
    ),
}
"""Name -> fields of its input, and of its result."""


def made() -> GraphQLSchema:
    """The schema, whole."""
    lines = [
        "scalar Date scalar JSON",
        "union Actor = User | Integration | IntegrationUser | Application",
        "union Entity = WorkItem | Initiative",
        "input StatusFilter { type: StatusFilterType! filter: [StatusType!]! }",
        "input CodeReviewRequestLinkInput { name: String! url: String! }",
        *(f"enum {name} {{ {words} }}" for name, words in ENUMS.items()),
        *(f"type {name} {{ {fields} }}" for name, fields in TYPES.items()),
    ]
    for name, (given, answered) in MUTATIONS.items():
        title = name[0].upper() + name[1:]
        lines += [f"input {title}Input {{ {given} }}", f"type {title}Result {{ {answered} }}"]
    calls = (f"{name}(input: {_title(name)}Input!): {_title(name)}Result!" for name in MUTATIONS)
    lines.append(f"type Mutation {{ {' '.join(calls)} }}")
    lines.append(f"type Query {{ {' '.join(name + rest for name, rest in QUERIES.items())} }}")
    return build_schema("\n".join(lines))


def _title(name: str) -> str:
    return name[0].upper() + name[1:]
